# amaranth: UnusedElaboratable=no

import random

import numpy as np
import pytest
from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from threefold.errors import PlanError
from threefold.hw.accelerator import Accelerator
from threefold.hw.interfaces.bridge import UARTBridge
from threefold.hw.stream import lane_count
from threefold.network import Codes, Conv, Dense, Flatten, Logits, Network, Tensor, Threshold
from threefold.plan import Folding, fold
from threefold.sim import golden

from ...accelerators import ports_of, random_images

DIVISOR = 4


class Difference(wiring.Component):
    """Stands in for an accelerator: of each pair of codes the difference, after a while."""

    ports = ports_of(input=(2, 4), output=(1, -12))

    def __init__(self, cycles):
        self.cycles = cycles
        super().__init__(
            {
                "i": In(stream.Signature(data.ArrayLayout(unsigned(4), 2))),
                "o": Out(stream.Signature(data.ArrayLayout(signed(12), 1))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        left = Signal(range(self.cycles + 1))
        m.d.comb += self.i.ready.eq(~self.o.valid & (left == 0))
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [
                left.eq(self.cycles),
                self.o.payload[0].eq(100 * (self.i.payload[0] - self.i.payload[1])),
            ]
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
            with m.If(left == 1):
                m.d.sync += self.o.valid.eq(1)
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        return m


def run(dut, *testbenches, cycles):
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    for testbench in testbenches:
        simulator.add_testbench(testbench)
    for _ in range(4 * cycles):
        if not simulator.advance():
            return
    raise AssertionError("the simulation does not end")


async def send(ctx, dut, byte):
    for bit in [0, *(byte >> position & 1 for position in range(8)), 1]:
        ctx.set(dut.rx, bit)
        for _ in range(DIVISOR):
            await ctx.tick()
    for _ in range(DIVISOR):
        await ctx.tick()


async def receive(ctx, dut):
    while ctx.get(dut.tx):
        await ctx.tick()
    for _ in range(DIVISOR // 2):
        await ctx.tick()
    byte = 0
    for position in range(9):
        for _ in range(DIVISOR):
            await ctx.tick()
        byte |= ctx.get(dut.tx) << position
    assert byte >> 8 == 1
    return byte & 0xFF


@pytest.mark.parametrize("cycles", [1, 150])
def test_codes_in_results_out(cycles):
    dut = UARTBridge(Difference(cycles), divisor=DIVISOR)
    rng = random.Random(cycles)
    pairs = [(rng.randrange(16), rng.randrange(16)) for _ in range(6)]
    received = bytearray()

    async def host_sends(ctx):
        for pair in pairs:
            for code in pair:
                await send(ctx, dut, code)

    async def host_receives(ctx):
        for _ in range(2 * len(pairs)):
            received.append(await receive(ctx, dut))

    run(dut, host_sends, host_receives, cycles=5000)
    values = [
        int.from_bytes(received[at : at + 2], "little", signed=True)
        for at in range(0, len(received), 2)
    ]
    assert values == [100 * (first - second) for first, second in pairs]


def test_leds():
    dut = UARTBridge(Difference(30), divisor=DIVISOR)

    async def host(ctx):
        assert not ctx.get(dut.busy)
        for code in [15, 2]:
            await send(ctx, dut, code)
            assert ctx.get(dut.busy)
        for _ in range(2):
            await receive(ctx, dut)
            assert ctx.get(dut.busy)
        await ctx.tick().repeat(2 * DIVISOR)
        assert not ctx.get(dut.busy)
        assert ctx.get(dut.last) == 1300 % 256
        assert not ctx.get(dut.overrun)

    run(dut, host, cycles=2000)


def four_logits(pe):
    """An accelerator whose image takes three bytes, and whose logits take two bytes each."""
    network = Network.chain(
        "logits",
        Tensor((1, 1, 3), Codes.unsigned(8)),
        [
            ("fc1", Dense([[1, -1, 0], [0, 1, 1], [-1, -1, -1], [1, 1, 1]])),
            ("out", Logits([0] * 4)),
        ],
    )
    return network, Accelerator(fold(network, {"fc1": Folding(pe, 3)}))


@pytest.mark.parametrize("lanes", [1, 2, 4])
@pytest.mark.parametrize("images", [1, 3])
def test_busy_until_the_last_of_four_logits(lanes, images):
    network, accelerator = four_logits(pe=lanes)
    assert lane_count(accelerator.o) == lanes
    dut = UARTBridge(accelerator, divisor=DIVISOR)
    codes = random_images(np.random.default_rng(lanes), network, images)
    expected = golden.run(network, codes).reshape(-1).astype("<i2").tobytes()
    received, busy = bytearray(), []

    async def host_sends(ctx):
        for code in codes.reshape(-1):
            await send(ctx, dut, int(code))

    async def host_receives(ctx):
        for _ in expected:
            received.append(await receive(ctx, dut))
            busy.append(ctx.get(dut.busy))
        await ctx.tick().repeat(2 * DIVISOR)
        busy.append(ctx.get(dut.busy))

    run(dut, host_sends, host_receives, cycles=8 * DIVISOR * 11 * (images + 2))
    assert received == expected
    assert busy == [1] * len(expected) + [0]


async def send_break(ctx, dut):
    ctx.set(dut.rx, 0)
    await ctx.tick().repeat(12 * DIVISOR)
    ctx.set(dut.rx, 1)
    await ctx.tick().repeat(2 * DIVISOR)


def test_too_many_bytes_are_told_by_a_break():
    dut = UARTBridge(Difference(400), divisor=DIVISOR, fifo_depth=4)

    async def host(ctx):
        for code in range(16):
            await send(ctx, dut, code)
        assert ctx.get(dut.overrun)
        for _ in range(1000):  # answers of what was not lost
            *_, tx = await ctx.tick().sample(dut.tx)
            assert not tx
        await send_break(ctx, dut)
        assert not ctx.get(dut.overrun)
        assert ctx.get(dut.tx)
        assert not ctx.get(dut.busy)
        for code in (7, 2):
            await send(ctx, dut, code)
        assert [await receive(ctx, dut) for _ in range(2)] == [500 % 256, 500 // 256]

    run(dut, host, cycles=5000)


def test_a_break_forgets_a_byte_that_waits_for_room():
    dut = UARTBridge(Difference(100000), divisor=DIVISOR, fifo_depth=4)

    async def host(ctx):
        for code in range(2 + 2 + 4 + 1):  # accelerator, packer, FIFO and receiver are full
            await send(ctx, dut, code)
        assert not ctx.get(dut.overrun)
        await send_break(ctx, dut)
        assert not ctx.get(dut.busy)

    run(dut, host, cycles=5000)


def small_convolution():
    kernels = [[[[1], [-1]], [[0], [1]]], [[[-1], [0]], [[1], [1]]]]
    ops = [
        ("conv1", Conv(kernels, padding=(1, 1, 1, 1))),
        ("act1", Threshold([[-1, 0, 2], [0, 1, 3]])),
        ("flatten", Flatten()),
        ("fc1", Dense(np.random.default_rng(0).integers(-1, 2, (3, 50)))),
        ("out", Logits([0] * 3)),
    ]
    return Network.chain("conv", Tensor((4, 4, 1), Codes.unsigned(2)), ops)


IDLE_BITS = 64


@pytest.mark.parametrize("resynchronize", ["break", "pause"])
@pytest.mark.parametrize("cut", [1, 7, 15])
def test_a_part_of_an_image_is_forgotten(resynchronize, cut):
    network = small_convolution()
    plan = fold(network, {"conv1": Folding(2, 1), "fc1": Folding(1, 2)})
    dut = UARTBridge(Accelerator(plan), divisor=DIVISOR, idle_bits=IDLE_BITS)
    codes = random_images(np.random.default_rng(cut), network, 3)
    expected = golden.run(network, codes).reshape(-1).astype("<i1").tobytes()
    received = bytearray()

    async def host_sends(ctx):
        for code in codes[0].reshape(-1)[:cut]:
            await send(ctx, dut, int(code))
        if resynchronize == "break":
            await send_break(ctx, dut)
        else:
            await ctx.tick().repeat((IDLE_BITS + 2) * DIVISOR)
        for code in codes.reshape(-1):
            await send(ctx, dut, int(code))

    async def host_receives(ctx):
        for _ in expected:
            received.append(await receive(ctx, dut))

    run(dut, host_sends, host_receives, cycles=6000)
    assert received == expected


def test_a_whole_image_waits_for_the_next_one_as_long_as_it_likes():
    dut = UARTBridge(Difference(1), divisor=DIVISOR, idle_bits=IDLE_BITS)

    async def host(ctx):
        for codes in ((3, 1), (9, 5)):
            await ctx.tick().repeat(3 * IDLE_BITS * DIVISOR)
            for code in codes:
                await ctx.tick().repeat((IDLE_BITS - 12) * DIVISOR)
                await send(ctx, dut, code)
            low, high = [await receive(ctx, dut) for _ in range(2)]
            assert low + 256 * high == 100 * (codes[0] - codes[1])

    run(dut, host, cycles=8000)


def test_a_pause_until_the_answer_of_the_image_before():
    dut = UARTBridge(Difference(2 * IDLE_BITS * DIVISOR), divisor=DIVISOR, idle_bits=IDLE_BITS)

    async def host(ctx):
        for code in (3, 1, 9):
            await send(ctx, dut, code)
        assert [await receive(ctx, dut) for _ in range(2)] == [200, 0]
        await send(ctx, dut, 8)
        assert [await receive(ctx, dut) for _ in range(2)] == [100, 0]

    run(dut, host, cycles=5000)


class Bytes(wiring.Component):
    i: In(stream.Signature(8))
    o: Out(stream.Signature(8))


class Lanes(wiring.Component):
    i: In(stream.Signature(data.ArrayLayout(unsigned(4), 2)))
    o: Out(stream.Signature(data.ArrayLayout(unsigned(12), 1)))


@pytest.mark.parametrize(
    ("component", "ports", "message"),
    [
        (Lanes, None, "an accelerator needs the attribute 'ports', which describes its streams"),
        (
            Bytes,
            ports_of(input=(2, 4), output=(1, 12)),
            "an accelerator needs a stream 'i' of 2 unsigned lanes of 4 bits, as its ports say",
        ),
        (
            Lanes,
            ports_of(input=(2, 4), output=(1, -12)),
            "an accelerator needs a stream 'o' of 1 signed lanes of 12 bits, as its ports say",
        ),
    ],
)
def test_not_an_accelerator(component, ports, message):
    made = component()
    made.ports = ports
    with pytest.raises(PlanError, match=f"^{message}$"):
        UARTBridge(made, divisor=DIVISOR)
