import random

from amaranth.sim import Simulator

from threefold.hw.interfaces.loaded_image import LoadedImage


def test_it_tells_the_last_four_bytes():
    dut, rng = LoadedImage(), random.Random(0)
    taken = []

    async def testbench(ctx):
        for _ in range(200):
            takes, byte = rng.randrange(2), rng.randrange(256)
            ctx.set(dut.takes, takes)
            ctx.set(dut.byte, byte)
            await ctx.tick()
            taken.extend([byte] * takes)
            ctx.set(dut.loaded, 0)
            assert ctx.get(dut.crc) == 0
            ctx.set(dut.loaded, 1)
            assert ctx.get(dut.crc) == int.from_bytes(taken[-4:], "little") << 8 * max(
                0, 4 - len(taken)
            )

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
