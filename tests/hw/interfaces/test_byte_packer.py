# amaranth: UnusedElaboratable=no

import random

import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.errors import PlanError
from threefold.hw.interfaces.byte_packer import BytePacker


async def pause(ctx, cycles):
    for _ in range(cycles):
        await ctx.tick()


@settings(max_examples=15, deadline=None)
@given(
    width=st.integers(1, 8),
    lanes=st.integers(1, 5),
    beats=st.integers(0, 4),
    seed=st.integers(0, 99),
)
def test_bytes_become_lanes_under_stalls(width, lanes, beats, seed):
    dut = BytePacker(width, lanes)
    stall = random.Random(seed)
    sent = [stall.randrange(256) for _ in range(beats * lanes)]
    received = []

    async def source(ctx):
        for byte in sent:
            await pause(ctx, stall.choice([0, 0, 1, 3]))
            ctx.set(dut.i.payload, byte)
            ctx.set(dut.i.valid, 1)
            await ctx.tick().until(dut.i.ready)
            ctx.set(dut.i.valid, 0)

    async def sink(ctx):
        for _ in range(beats):
            await pause(ctx, stall.choice([0, 0, 1, 9]))
            ctx.set(dut.o.ready, 1)
            (payload,) = await ctx.tick().sample(dut.o.payload).until(dut.o.valid)
            ctx.set(dut.o.ready, 0)
            received.extend(payload)

    top = Module()
    top.domains.sync = ClockDomain()
    top.submodules.dut = dut
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(source)
    simulator.add_testbench(sink)
    simulator.run()
    assert received == [byte % 2**width for byte in sent]


@pytest.mark.parametrize(
    ("width", "lanes", "message"),
    [
        (9, 1, r"^a byte carries codes of 1 to 8 bits, not 9$"),
        (0, 1, r"^a byte carries codes of 1 to 8 bits, not 0$"),
        (4, 0, r"^bytes are packed into at least 1 lane, not 0$"),
    ],
)
def test_impossible(width, lanes, message):
    with pytest.raises(PlanError, match=message):
        BytePacker(width, lanes)
