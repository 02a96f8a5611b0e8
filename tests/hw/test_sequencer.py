# amaranth: UnusedElaboratable=no

import random

import numpy as np
import pytest
from amaranth.hdl import EnableInserter, Signal
from amaranth.sim import Simulator
from threefold.hw.sequencer import Sequencer

from threefold.network import Codes
from threefold.plan import Folding, Layer, Schedule

ROWS, COLUMNS = 4, 12
DENSE = np.where(np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) % 2, 1, -1)
SPARSE = np.zeros((ROWS, COLUMNS), int)
SPARSE[0, 5], SPARSE[1, 0], SPARSE[3, 11], SPARSE[3, 4] = 1, -1, -1, 1
WITHOUT_FIRST = DENSE * (np.arange(COLUMNS) >= 6)
EMPTY = np.zeros((ROWS, COLUMNS), int)


def schedule(weights, pe, simd):
    layer = Layer("fc1", "act1", weights.astype(np.int8), Codes.unsigned(2))
    return Schedule(layer, Folding(pe, simd))


def simulate(sequencer, tiles, rng, *, stalls=0.0):
    """The first ``tiles`` tiles: (column, finish) as issued, (weights, last) as they follow."""
    go = Signal()
    sim = Simulator(EnableInserter(go)(sequencer))
    sim.add_clock(1e-6)
    issued, followed = [], []

    async def testbench(ctx):
        while len(followed) < tiles:
            ctx.set(go, rng.random() >= stalls)
            ctx.set(sequencer.start, rng.random() >= stalls)
            if ctx.get(go):
                assert ctx.get(sequencer.issue) == ctx.get(sequencer.start)
                if ctx.get(sequencer.valid):
                    weights = [
                        [int(w.nonzero) * (-1 if w.negative else 1) for w in lanes]
                        for lanes in ctx.get(sequencer.weights)
                    ]
                    followed.append((weights, ctx.get(sequencer.last)))
                if ctx.get(sequencer.issue):
                    issued.append((ctx.get(sequencer.column), ctx.get(sequencer.finish)))
            await ctx.tick()

    sim.add_testbench(testbench)
    sim.run()
    return issued[:tiles], followed


@pytest.mark.parametrize("stalls", [0.0, 0.5])
@pytest.mark.parametrize(
    ("weights", "pe", "simd"),
    [
        (DENSE, 1, 1),
        (DENSE, 2, 3),
        (DENSE, 4, 4),
        (DENSE, 4, 2),
        (DENSE, 1, 12),
        (DENSE, 4, 12),
        (SPARSE, 1, 1),
        (SPARSE, 1, 3),
        (SPARSE, 2, 4),
        (SPARSE, 4, 6),
        (SPARSE, 1, 12),
        (SPARSE, 4, 12),
        (WITHOUT_FIRST, 1, 3),
        (WITHOUT_FIRST, 4, 6),
        (EMPTY, 1, 12),
        (EMPTY, 2, 1),
        (EMPTY, 4, 4),
    ],
)
def test_walks_the_tiles_of_one_vector_after_another(weights, pe, simd, stalls):
    plan = schedule(weights, pe, simd)
    count = len(plan.tiles)
    issued, followed = simulate(Sequencer(plan), 3 * count, random.Random(0), stalls=stalls)
    columns = [word for _, word in plan.tiles]
    finishes = [0] * (count - 1) + [1]
    assert issued == list(zip(columns, finishes, strict=True)) * 3
    assert followed == list(zip(plan.weights.tolist(), plan.last, strict=True)) * 3


def test_schedule_is_an_attribute():
    plan = schedule(DENSE, 2, 3)
    assert Sequencer(plan).schedule is plan
