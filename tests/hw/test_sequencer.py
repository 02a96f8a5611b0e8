# amaranth: UnusedElaboratable=no

import random

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, EnableInserter, Module, Signal
from amaranth.sim import Simulator

from threefold.hw.sequencer import Sequencer
from threefold.plan.program import Program

from ..windows import READERS


def simulate(sequencer, tiles, rng, *, stalls=0.0):
    """The first ``tiles`` tiles: row, column, whether one ends a result, whether the window."""
    go = Signal()
    top = Module()
    top.domains.sync = ClockDomain()  # a single tile has no register
    top.submodules.sequencer = EnableInserter(go)(sequencer)
    sim = Simulator(top)
    sim.add_clock(1e-6)
    issued = []

    async def testbench(ctx):
        ctx.set(go, 1)
        await ctx.tick()
        while len(issued) < tiles:
            ctx.set(go, rng.random() >= stalls)
            ctx.set(sequencer.start, rng.random() >= stalls)
            if ctx.get(go):
                assert ctx.get(sequencer.issue) == ctx.get(sequencer.start)
                if ctx.get(sequencer.issue):
                    outputs = sequencer.row, sequencer.column, sequencer.last, sequencer.finish
                    issued.append(tuple(ctx.get(output) for output in outputs))
            await ctx.tick()

    sim.add_testbench(testbench)
    sim.run()
    return issued


@pytest.mark.parametrize("stalls", [0.0, 0.5])
@pytest.mark.parametrize("name", READERS)
def test_walks_the_tiles_of_one_window_after_another(name, stalls):
    program = READERS[name].program
    issued = simulate(Sequencer(program), 3 * len(program), random.Random(0), stalls=stalls)
    finish = [False] * (len(program) - 1) + [True]
    tiles = zip(program.rows, program.columns, program.last, finish, strict=True)
    assert issued == [tuple(map(int, tile)) for tile in tiles] * 3


@pytest.mark.parametrize("stalls", [0.0, 0.5])
def test_all_words_for_each_digit(stalls):
    rows, columns = np.divmod(np.arange(36) % 6, 3)
    last = np.arange(36) % 18 == 17
    program = Program(rows, columns, last, 2, 3)
    assert program.counted
    issued = simulate(Sequencer(program), 3 * 36, random.Random(0), stalls=stalls)
    finish = np.arange(36) == 35
    tiles = zip(rows, columns, last, finish, strict=True)
    assert issued == [tuple(map(int, tile)) for tile in tiles] * 3


def test_every_form_is_among_them():
    programs = [reader.program for reader in READERS.values()]
    assert {(len(p) == 1, p.counted) for p in programs} == {
        (True, True),
        (False, True),
        (False, False),
    }


def test_program_is_an_attribute():
    program = READERS["square"].program
    assert Sequencer(program).program is program
