# amaranth: UnusedElaboratable=no

import random

import numpy as np
import pytest
from amaranth.hdl import EnableInserter, Signal
from amaranth.sim import Simulator

from threefold.hw.window_walker import WindowWalker

from ..windows import READERS


def simulate(walker, words, rng, *, stalls):
    """What the walker says of each tile issued: needs, read to frees, bank and padding."""
    go = Signal()
    sim = Simulator(EnableInserter(go)(walker))
    sim.add_clock(1e-6)
    program, needs, reads, padding = walker.program, [], [], []

    async def testbench(ctx):
        issued, before = 0, [False, False]
        while len(padding) < len(words):
            issue = issued < len(words) and rng.random() >= stalls
            ctx.set(go, rng.random() >= stalls)
            ctx.set(walker.issue, issue)
            tile = issued % len(program) if issue else rng.randrange(len(program))
            ctx.set(walker.row, int(program.rows[tile]))
            ctx.set(walker.column, int(program.columns[tile]))
            ctx.set(walker.finish, tile == len(program) - 1)
            if ctx.get(go):
                if issue and words[issued].finish:
                    needs.append(1 + ctx.get(walker.needs_less_one))
                assert ctx.get(walker.read) == before[0]
                assert before[0] or not ctx.get(walker.release)
                if before[0]:
                    outputs = list(ctx.get(walker.address)), walker.release, walker.frees_less_one
                    reads.append((outputs[0], *(ctx.get(output) for output in outputs[1:])))
                if before[1]:
                    padding.append((ctx.get(walker.first), ctx.get(walker.padding)))
                before = [issue, before[0]]
                issued += issue
            await ctx.tick()

    sim.add_testbench(testbench)
    sim.run()
    return needs, reads, padding


@pytest.mark.parametrize("stalls", [0.0, 0.4])
@pytest.mark.parametrize("name", READERS)
def test_addresses_and_counts_follow_the_window(name, stalls):
    reader, images = READERS[name], 3
    walk, words = reader.walk, reader.reads(images)
    walker = WindowWalker(walk, reader.program, reader.depth)
    needs, reads, padding = simulate(walker, words, random.Random(0), stalls=stalls)
    assert needs == np.tile(walk.needs, images).tolist()
    depth = reader.depth // reader.pixels
    for word, (first, outside), (addresses, *_) in zip(words, padding, reads, strict=True):
        assert first == word.places[0][0]
        for pixel, (index, (bank, address)) in enumerate(zip(word.words, word.places, strict=True)):
            assert bank == (first + pixel) % reader.pixels
            assert bool(outside >> pixel & 1) == (index is None)
            assert addresses[bank] == address % depth
    assert [bool(release) for _, release, _ in reads] == [word.finish for word in words]
    frees = [1 + less_one for _, release, less_one in reads if release]
    assert frees == np.tile(walk.frees, images).tolist()


def test_padding_and_no_padding_are_among_them():
    for name, expected in (("padded", {True, False}), ("square", {False})):
        words = [index for read in READERS[name].reads(1) for index in read.words]
        assert {index is None for index in words} == expected


def test_parameters_are_attributes():
    reader = READERS["square"]
    walk, program = reader.walk, reader.program
    walker = WindowWalker(walk, program, 64)
    assert (walker.walk, walker.program, walker.depth) == (walk, program, 64)
