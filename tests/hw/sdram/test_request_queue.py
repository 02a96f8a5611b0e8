import random

import pytest
from amaranth.sim import Simulator

from threefold.hw.sdram.request_queue import RequestQueue


def simulate(testbench, dut):
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


@pytest.mark.parametrize(("comes", "goes"), [(1, 1), (1, 0.4), (0.4, 1), (0.6, 0.6)])
def test_requests_come_once_and_in_order(comes, goes):
    dut, rng, sent, left = RequestQueue(8), random.Random(1), [], []

    async def testbench(ctx):
        waiting, inside = False, 0
        for _ in range(300):
            if not waiting:
                waiting = rng.random() < comes
                ctx.set(dut.i.payload, rng.randrange(256))
            ctx.set(dut.i.valid, waiting)
            ready = rng.random() < goes
            for each in (not ready, ready):  # neither side sees the other within a cycle
                ctx.set(dut.o.ready, each)
                assert ctx.get(dut.i.ready) == (inside < 2)
            assert ctx.get(dut.o.valid) == (inside > 0)
            *_, took, request, gave, payload = await ctx.tick().sample(
                dut.i.ready, dut.i.payload, dut.o.valid, dut.o.payload
            )
            if waiting and took:
                sent.append(request)
                waiting, inside = False, inside + 1
            if gave and ready:
                left.append(payload)
                inside -= 1

    simulate(testbench, dut)
    assert left == sent[: len(left)]
    assert len(sent) - len(left) <= 2
    assert len(left) > 60


@pytest.mark.parametrize("inside", [1, 2])
def test_a_restart_forgets_them(inside):
    dut = RequestQueue(8)

    async def testbench(ctx):
        ctx.set(dut.i.valid, 1)
        await ctx.tick().repeat(inside)
        ctx.set(dut.restart, 1)  # whatever comes meanwhile
        await ctx.tick()
        ctx.set(dut.restart, 0)
        ctx.set(dut.i.valid, 0)
        for _ in range(4):
            assert not ctx.get(dut.o.valid)
            assert ctx.get(dut.i.ready)
            await ctx.tick()

    simulate(testbench, dut)
