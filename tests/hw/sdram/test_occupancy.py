# amaranth: UnusedElaboratable=no

import random

import pytest
from amaranth.sim import Simulator

from threefold.hw.sdram.occupancy import Occupancy


@pytest.mark.parametrize(("i_beats", "o_beats"), [(1, 1), (3, 1), (1, 4), (5, 3)])
def test_images_that_have_begun_and_not_left(i_beats, o_beats):
    dut, rng = Occupancy(i_beats, o_beats), random.Random(i_beats)

    async def testbench(ctx):
        entered = left = 0
        for _ in range(500):
            begun, whole = -(-entered // i_beats), entered // i_beats
            enters, leaves = rng.random() < 0.5, left < whole * o_beats and rng.random() < 0.5
            ctx.set(dut.enters, enters)
            ctx.set(dut.leaves, leaves)
            assert ctx.get(dut.empty) == (begun == left // o_beats and not enters)
            await ctx.tick()
            entered, left = entered + enters, left + leaves

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
