"""Width words ahead of images."""

from amaranth.sim import Simulator

from threefold.hw.interfaces.width_word import WidthWord


def test_the_width_stays_until_what_came_before_has_been_taken():
    dut = WidthWord(2, bits=8, widths=3)

    async def drive(ctx):
        seen = []
        ctx.set(dut.o.ready, 1)
        for byte, hold in [(2, 0), (7, 0), (8, 0), (1, 3), (9, 0), (0x12, 0)]:
            ctx.set(dut.i.valid, 1)
            ctx.set(dut.i.payload, byte)
            for _ in range(hold):
                ctx.set(dut.hold, 1)
                assert not ctx.get(dut.i.ready)
                assert ctx.get(dut.width) == 2
                await ctx.tick()
            ctx.set(dut.hold, 0)
            assert ctx.get(dut.i.ready)
            if ctx.get(dut.o.valid):
                seen.append((ctx.get(dut.o.payload), ctx.get(dut.width)))
            await ctx.tick()
        assert seen == [(7, 2), (8, 2), (9, 1), (0x12, 1)]

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()
