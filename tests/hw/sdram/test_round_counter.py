# amaranth: UnusedElaboratable=no

import pytest
from amaranth.sim import Simulator

from threefold.hw.sdram.round_counter import RoundCounter


@pytest.mark.parametrize(("images", "rounds"), [(1, 1), (1, 3), (4, 1), (3, 2)])
def test_last_images_of_rounds_are_told(images, rounds):
    dut = RoundCounter()

    async def testbench(ctx):
        ctx.set(dut.images, images)
        ctx.set(dut.rounds, rounds)
        for _ in range(2):  # it begins anew
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            for number in range(1, images * rounds + 1):
                assert ctx.get(dut.round_ends) == (number % images == 0)
                assert ctx.get(dut.ends) == (number == images * rounds)
                ctx.set(dut.image, 1)
                await ctx.tick()
                ctx.set(dut.image, 0)
                await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
