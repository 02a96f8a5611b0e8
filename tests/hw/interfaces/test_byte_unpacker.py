# amaranth: UnusedElaboratable=no

import random

import pytest
from amaranth.hdl import ClockDomain, Module, Shape
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.errors import PlanError
from threefold.hw.interfaces.byte_unpacker import ByteUnpacker


async def pause(ctx, cycles):
    for _ in range(cycles):
        await ctx.tick()


@settings(max_examples=15, deadline=None)
@given(
    width=st.integers(1, 26),
    signed=st.booleans(),
    lanes=st.integers(1, 3),
    beats=st.integers(0, 4),
    seed=st.integers(0, 99),
)
def test_lanes_become_bytes_under_stalls(width, signed, lanes, beats, seed):
    dut = ByteUnpacker(Shape(width, signed=signed), lanes)
    stall = random.Random(seed)
    low = -(2 ** (width - 1)) if signed else 0
    sent = [[stall.randrange(low, low + 2**width) for _ in range(lanes)] for _ in range(beats)]
    received = bytearray()
    total = beats * lanes * dut.bytes_per_lane

    async def source(ctx):
        for beat in sent:
            await pause(ctx, stall.choice([0, 0, 1, 9]))
            ctx.set(dut.i.payload, beat)
            ctx.set(dut.i.valid, 1)
            await ctx.tick().until(dut.i.ready)
            ctx.set(dut.i.valid, 0)

    async def sink(ctx):
        for _ in range(total):
            await pause(ctx, stall.choice([0, 0, 1, 3]))
            ctx.set(dut.o.ready, 1)
            (byte,) = await ctx.tick().sample(dut.o.payload).until(dut.o.valid)
            ctx.set(dut.o.ready, 0)
            received.append(byte)

    top = Module()
    top.domains.sync = ClockDomain()
    top.submodules.dut = dut
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(source)
    simulator.add_testbench(sink)
    simulator.run()
    expected = [
        value.to_bytes(dut.bytes_per_lane, "little", signed=signed)
        for beat in sent
        for value in beat
    ]
    assert bytes(received) == b"".join(expected)


@pytest.mark.parametrize(("width", "count"), [(1, 1), (8, 1), (9, 2), (16, 2), (17, 3)])
def test_bytes_per_lane(width, count):
    assert ByteUnpacker(Shape(width), 1).bytes_per_lane == count


def test_no_lane():
    with pytest.raises(PlanError, match=r"^bytes are unpacked from at least 1 lane, not 0$"):
        ByteUnpacker(4, 0)
