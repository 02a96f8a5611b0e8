# amaranth: UnusedElaboratable=no

import random
from types import SimpleNamespace

import numpy as np
import pytest
from amaranth.hdl import Fragment
from amaranth.sim import Simulator

from threefold import fpga
from threefold.hw.weight_memory import WeightMemory
from threefold.tools.synthesis import synthesise


def weights_of(row):
    return [[int(w.nonzero) * (-1 if w.negative else 1) for w in lanes] for lanes in row]


@pytest.mark.parametrize("family", [None, "ice40", "nexus"])
@pytest.mark.parametrize("pauses", [0.0, 0.6])
@pytest.mark.parametrize("values", [[-1, 0, 1], [-1, 1], [0, 1]], ids=str)
@pytest.mark.parametrize("shape", [(2, 1, 1), (5, 3, 2), (64, 4, 8)], ids=str)
def test_row_after_row_over_and_over(shape, values, pauses, family):
    weights = np.random.default_rng(0).choice(values, shape).astype(np.int8)
    weights[0], weights[-1] = values[0], values[-1]
    check(weights, None, pauses, family)


@pytest.mark.parametrize("family", [None, "ice40", "nexus"])
@pytest.mark.parametrize("shape", [(2, 1, 1), (5, 3, 2), (64, 4, 8), (256, 2, 4)], ids=str)
def test_doubling_comes_with_the_row(shape, family):
    rng = np.random.default_rng(0)
    doubles = rng.random(shape[0]) < 0.5
    doubles[-1] = True
    check(rng.integers(-1, 2, shape, np.int8), doubles, 0.4, family)


def check(weights, doubles, pauses, family):
    """Row after row comes out, three cycles after its fetch, with pauses between fetches."""
    dut = WeightMemory(weights, doubles)
    sim = Simulator(Fragment.get(dut, SimpleNamespace(family=family)))
    sim.add_clock(1e-6)
    rng = random.Random(0)

    async def testbench(ctx):
        fetched = [0, 0, 0]
        while fetched[-1] < 2 * len(weights) + 3:
            fetch = rng.random() >= pauses
            ctx.set(dut.fetch, fetch)
            await ctx.tick()
            fetched = [fetched[0] + fetch, *fetched[:2]]
            if there := fetched[-1]:
                row = weights_of(ctx.get(dut.row))
                assert row == weights[(there - 1) % len(weights)].tolist()
                double = doubles is not None and doubles[(there - 1) % len(weights)]
                assert ctx.get(dut.double) == double

    sim.add_testbench(testbench)
    sim.run()


def test_a_single_row_is_a_constant():
    weights = np.array([[[1, 0, -1], [-1, -1, 1]]], np.int8)
    dut = WeightMemory(weights)
    sim = Simulator(dut)

    async def testbench(ctx):
        assert weights_of(ctx.get(dut.row)) == weights[0].tolist()

    sim.add_testbench(testbench)
    sim.run()


@pytest.mark.parametrize("family", ["ice40", "ecp5"])
def test_synthesis_stores_only_bits_that_differ(family, tmp_path):
    signs = np.random.default_rng(0).choice([-1, 1], (1024, 4, 8)).astype(np.int8)
    family = fpga.get(family)
    found = synthesise(WeightMemory(signs), family, tmp_path)
    assert found.bram == family.block_rams(4 * 8, 1024)
    assert family.block_rams(2 * 4 * 8, 1024) == 2 * found.bram


def test_weights_are_an_attribute():
    weights = np.ones((2, 2, 2), np.int8)
    doubles = np.array([False, True])
    assert WeightMemory(weights).doubles.tolist() == [False, False]
    memory = WeightMemory(weights, doubles)
    assert memory.weights is weights
    assert memory.doubles is doubles
