import random

import numpy as np
import pytest
from amaranth.sim import Simulator

from threefold.hw.pool import PoolEngine, Reducer
from threefold.hw.stream import lane_count, lane_shape
from threefold.network import Codes, MaxPool, Network, SumPool, Tensor
from threefold.plan import lower
from threefold.plan.units.pool import PoolUnit
from threefold.sim import golden
from threefold.sim.verification import StreamBench, pass_through

from ..accelerators import CODES, random_images
from ..elaboration import elaborated

POOLS = {
    "max": (MaxPool((2, 2), (2, 2)), (4, 6, 4), "unsigned4"),
    "max_overlapping": (MaxPool((3, 3), (2, 1), (1, 1, 1, 1)), (5, 4, 2), "unsigned2"),
    "max_lopsided": (MaxPool((2, 3), (1, 2), (0, 2, 1, 0)), (3, 5, 3), "unsigned1"),
    "max_in_time": (MaxPool((1, 4), (1, 4)), (1, 13, 2), "signed8"),
    "max_of_ternary": (MaxPool((2, 2), (1, 1), (1, 0, 0, 1)), (4, 3, 2), "ternary"),
    "max_of_bipolar": (MaxPool((2, 2), (2, 2), (1, 1, 1, 1)), (4, 4, 2), "bipolar"),
    "subsampling": (MaxPool((1, 1), (2, 2)), (5, 5, 4), "unsigned3"),
    "sum": (SumPool((2, 2), (2, 2)), (4, 6, 4), "unsigned4"),
    "sum_overlapping": (SumPool((3, 2), (1, 1)), (5, 4, 2), "codes5"),
    "global": (SumPool((4, 5), (1, 1)), (4, 5, 3), "unsigned8"),
    "sum_of_bipolar": (SumPool((2, 2), (2, 2)), (4, 4, 2), "bipolar"),
}


def make(name):
    op, shape, codes = POOLS[name]
    network = Network.chain("pooling", Tensor(shape, CODES[codes]), [("pool1", op)])
    (step,) = lower(network)
    return network, step


@pytest.mark.parametrize("name", POOLS)
def test_equals_golden(name):
    network, step = make(name)
    rng = np.random.default_rng(0)
    images = random_images(rng, network, 4)
    for lanes in (lanes for lanes in range(1, step.channels + 1) if step.channels % lanes == 0):
        expected = golden.run(network, images).reshape(-1, lanes).tolist()
        bench = StreamBench(PoolEngine(PoolUnit((step,), lanes)))
        for stalls in (0.0, 0.4):
            words = images.reshape(-1, lanes)
            traffic = bench.run(words, len(expected), stalls=stalls, seed=1)
            assert traffic.beats == [tuple(beat) for beat in expected], f"{lanes} lanes"


@pytest.mark.parametrize(("name", "interval"), [("max", 96), ("max_overlapping", 216)])
def test_interval_is_that_of_the_plan(name, interval):
    network, step = make(name)
    plan = PoolUnit((step,))
    images = random_images(np.random.default_rng(0), network, 6)
    beats = step.pixels * step.channels
    traffic = pass_through(PoolEngine(plan), images.reshape(-1, 1), 6 * beats)
    assert plan.interval == interval
    assert np.diff(traffic.left[beats - 1 :: beats][2:]).tolist() == [interval] * 3


@pytest.mark.parametrize("sums", [False, True])
def test_words_that_are_not_there_are_not_reduced(sums):
    dut = Reducer(bits=3, out_bits=6, lanes=2, sums=sums)
    sim = Simulator(dut)
    sim.add_clock(1e-6)
    rng = random.Random(0)

    async def testbench(ctx):
        for _ in range(40):
            words = [[rng.randrange(8), rng.randrange(8)] for _ in range(rng.randint(1, 5))]
            for index, word in enumerate(words):
                while rng.random() < 0.4:
                    ctx.set(dut.valid, 0)
                    ctx.set(dut.last, rng.randrange(2))
                    ctx.set(dut.word, [rng.randrange(8), rng.randrange(8)])
                    await ctx.tick()
                    assert not ctx.get(dut.o.valid)
                ctx.set(dut.valid, 1)
                ctx.set(dut.last, index == len(words) - 1)
                ctx.set(dut.word, word)
                await ctx.tick()
                assert ctx.get(dut.o.valid) == (index == len(words) - 1)
            combine = sum if sums else max
            reduced = [combine(lane) for lane in zip(*words, strict=True)]
            assert list(ctx.get(dut.o.payload)) == reduced

    sim.add_testbench(testbench)
    sim.run()


def test_ports_follow_from_the_plan():
    _, step = make("global")
    plan = PoolUnit((step,), 3)
    dut = elaborated(PoolEngine(plan))
    assert dut.plan is plan
    assert (lane_shape(dut.i).width, lane_count(dut.i)) == (8, 3)
    assert (lane_shape(dut.o).width, lane_count(dut.o)) == (Codes(255 * 20).bits, 3)


def test_parameters_are_attributes():
    reducer = elaborated(Reducer(bits=2, out_bits=4, lanes=3, sums=True))
    assert (reducer.lanes, reducer.sums) == (3, True)
