# amaranth: UnusedElaboratable=no

from amaranth.sim import Simulator

from threefold.hw.sdram.run_clock import RunClock


def test_cycles_are_counted_from_the_first_beat_to_the_last():
    dut = RunClock(2)
    told = []

    async def run(ctx, enters, leaves, stalls):
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        for cycle in range(24):
            ctx.set(dut.enters, cycle in enters)
            ctx.set(dut.leaves, cycle in leaves)
            ctx.set(dut.stalls_now, cycle in stalls)
            await ctx.tick()
        told.append([ctx.get(each) for each in (dut.cycles, dut.first, dut.stalls)])

    async def testbench(ctx):
        # A stall ahead of the first beat is none of the run; a result has two beats.
        await run(ctx, {3, 4, 9}, {7, 8, 20, 21}, {1, 3, 5, 6})
        await run(ctx, {0}, {0, 5}, set())
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        told.append([ctx.get(each) for each in (dut.cycles, dut.first, dut.stalls)])

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert told == [[18, 5, 2], [5, 5, 0], [0, 0, 0]]
