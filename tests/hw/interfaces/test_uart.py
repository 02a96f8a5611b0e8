# amaranth: UnusedElaboratable=no

import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.errors import PlanError
from threefold.hw.interfaces.uart import UARTReceiver, UARTTransmitter, divisor


class Loopback(wiring.Component):
    i: In(stream.Signature(8))
    o: Out(stream.Signature(8))

    def __init__(self, divisor):
        self.divisor = divisor
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.transmitter = transmitter = UARTTransmitter(self.divisor)
        m.submodules.receiver = receiver = UARTReceiver(self.divisor)
        connect(m, flipped(self.i), transmitter.i)
        m.d.comb += receiver.rx.eq(transmitter.tx)
        connect(m, receiver.o, flipped(self.o))
        return m


def simulate(dut, *testbenches):
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    for testbench in testbenches:
        simulator.add_testbench(testbench)
    for _ in range(20_000):
        if not simulator.advance():
            return
    raise AssertionError("the simulation does not end")


async def put(ctx, port, payload):
    ctx.set(port.payload, payload)
    ctx.set(port.valid, 1)
    await ctx.tick().until(port.ready)
    ctx.set(port.valid, 0)


async def get(ctx, port):
    ctx.set(port.ready, 1)
    (payload,) = await ctx.tick().sample(port.payload).until(port.valid)
    ctx.set(port.ready, 0)
    return payload


async def send(ctx, line, byte, cycles, *, stop=1):
    for bit in [0, *(byte >> position & 1 for position in range(8)), stop]:
        ctx.set(line, bit)
        await ctx.tick().repeat(cycles)
    ctx.set(line, 1)


@settings(max_examples=10, deadline=None)
@given(st.integers(4, 20), st.lists(st.integers(0, 255), max_size=6))
def test_loopback_back_to_back(cycles, sent):
    dut = Loopback(cycles)
    received = []

    async def source(ctx):
        for byte in sent:
            await put(ctx, dut.i, byte)

    async def sink(ctx):
        received.extend([await get(ctx, dut.o) for _ in sent])

    simulate(dut, source, sink)
    assert received == sent


def test_bytes_follow_each_other_without_a_gap():
    dut = UARTTransmitter(5)
    levels = []

    async def source(ctx):
        for byte in [0x55, 0x0F]:
            await put(ctx, dut.i, byte)

    async def line(ctx):
        await ctx.negedge(dut.tx)
        for _ in range(20):
            await ctx.tick().repeat(2)
            levels.append(ctx.get(dut.tx))
            await ctx.tick().repeat(3)
        levels.append(ctx.get(dut.tx))

    simulate(dut, source, line)
    frames = [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1]
    assert levels == [*frames, 1]


@pytest.mark.parametrize("period", [39, 40, 41])
def test_receiver_tolerates_an_inexact_line(period):
    dut = UARTReceiver(40)
    received = []

    async def line(ctx):
        for byte in [0x00, 0xFF, 0xA5]:
            await send(ctx, dut.rx, byte, period)

    async def sink(ctx):
        received.extend([await get(ctx, dut.o) for _ in range(3)])

    simulate(dut, line, sink)
    assert received == [0x00, 0xFF, 0xA5]


def test_glitch_and_missing_stop_bit_are_no_bytes():
    dut = UARTReceiver(8)
    received = []

    async def line(ctx):
        ctx.set(dut.rx, 0)
        await ctx.tick().repeat(2)
        ctx.set(dut.rx, 1)
        await ctx.tick().repeat(20)
        await send(ctx, dut.rx, 0x33, 8, stop=0)
        await ctx.tick().repeat(8)
        await send(ctx, dut.rx, 0x77, 8)

    async def sink(ctx):
        received.append(await get(ctx, dut.o))

    simulate(dut, line, sink)
    assert received == [0x77]


def test_byte_not_taken_stays_and_the_next_is_lost():
    dut = UARTReceiver(4)
    lost = 0

    async def line(ctx):
        for byte in [1, 2, 3]:
            await send(ctx, dut.rx, byte, 4)
        await ctx.tick().repeat(8)
        assert await get(ctx, dut.o) == 1
        assert not ctx.get(dut.o.valid)

    async def overruns(ctx):
        nonlocal lost
        for _ in range(140):
            *_, overrun = await ctx.tick().sample(dut.overrun)
            lost += overrun

    simulate(dut, line, overruns)
    assert lost == 2


@pytest.mark.parametrize("component", [UARTReceiver, UARTTransmitter])
def test_divisor_too_small(component):
    message = r"^a UART needs at least 4 cycles a bit, not 3; choose fewer baud$"
    with pytest.raises(PlanError, match=message):
        component(3)


def test_divisor_of_a_clock():
    assert divisor(30, 115200) == 260
    assert divisor(12, 1_000_000) == 12


@pytest.mark.parametrize("baud", [7_000_000, 5_300_000])
def test_baud_rate_that_cannot_be_made(baud):
    message = rf"^a clock of 24 MHz cannot make {baud} baud; choose fewer baud$"
    with pytest.raises(PlanError, match=message):
        divisor(24, baud)
