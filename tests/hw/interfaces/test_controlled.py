# amaranth: UnusedElaboratable=no

import random

import numpy as np
import pytest
from amaranth.sim import Simulator

from threefold.hw.accelerator import Accelerator
from threefold.hw.interfaces.controlled import ControlledAccelerator
from threefold.network import Codes
from threefold.registers import REGISTERS
from threefold.registers.identity import identity
from threefold.sim import golden

from ...accelerators import random_images, random_plan
from ...loadable import KeyAccelerator, image_of_key


class Host:
    """A controlled accelerator in simulation, with images on their way and a host at its port."""

    def __init__(self, plan, *, interface="axi", registers=None, stalls=0.0, seed=0):
        self.registers = registers or REGISTERS.on(interface)
        self.plan = plan
        self.dut = ControlledAccelerator(Accelerator(plan), self.registers, identity(plan))
        self.rng, self.stalls = random.Random(seed), stalls
        self.entered, self.left, self.outputs = [], [], []
        self.i_lasts, self.o_lasts = [], []
        self.cycle = 0
        self.stopped = False

    async def read(self, ctx, name):
        ctx.set(self.dut.port.address, self.registers[name].word)
        ctx.set(self.dut.port.read, 1)
        await ctx.tick()
        ctx.set(self.dut.port.read, 0)
        return ctx.get(self.dut.port.r_data)

    async def write(self, ctx, name, **fields):
        ctx.set(self.dut.port.address, self.registers[name].word)
        ctx.set(self.dut.port.w_data, self.registers[name].pack(**fields))
        ctx.set(self.dut.port.write, 1)
        await ctx.tick()
        ctx.set(self.dut.port.write, 0)

    def run(self, images, testbench):
        """Feed images while a testbench of the host runs; the simulation ends with it."""
        self.images = images
        simulator = Simulator(self.dut)
        simulator.add_clock(1e-6)
        simulator.add_testbench(self._feed, background=True)
        simulator.add_testbench(self._drain, background=True)
        simulator.add_testbench(testbench)
        simulator.run()

    async def _feed(self, ctx):
        i = self.dut.i
        for beat in self.images.reshape(-1, self.plan.ports.input.type.lanes):
            while self.rng.random() < self.stalls:
                await ctx.tick()
            ctx.set(i.payload, [int(lane) for lane in beat])
            ctx.set(i.valid, 1)
            taken = 0
            while not taken:
                *_, taken, last = await ctx.tick().sample(i.ready, self.dut.i_last)
                if self.stopped:
                    ctx.set(i.valid, 0)
                    return
            self.entered.append(self.cycle)
            self.i_lasts.append(last)
            ctx.set(i.valid, 0)

    async def _drain(self, ctx):
        o = self.dut.o
        while True:
            ctx.set(o.ready, self.rng.random() >= self.stalls)
            *_, valid, ready, last, payload = await ctx.tick().sample(
                o.valid, o.ready, self.dut.o_last, o.payload
            )
            if valid and ready:
                self.left.append(self.cycle)
                self.outputs.extend(payload)
                self.o_lasts.append(last)
            self.cycle += 1


def make_plan(seed, **parameters):
    return random_plan(np.random.default_rng(seed), Codes.unsigned(2), layers=2, **parameters)


async def until_answered(host, ctx, images):
    while await host.read(ctx, "IMAGES") != images:
        await ctx.tick()
        assert host.cycle < 10000


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("stalls", [0.0, 0.4])
def test_images_pass_and_are_counted(seed, stalls):
    plan = make_plan(seed)
    rng = np.random.default_rng(seed)
    images = random_images(rng, plan.network, plan.cycles.images + 12)
    host = Host(plan, stalls=stalls, seed=seed)
    found = {}

    async def testbench(ctx):
        await until_answered(host, ctx, len(images))
        for name in host.registers:
            found[name] = await host.read(ctx, name)

    host.run(images, testbench)
    assert np.array_equal(host.outputs, golden.run(plan.network, images).reshape(-1))
    i_beats, o_beats = plan.ports.input.beats, plan.ports.output.beats
    assert host.i_lasts == [n % i_beats == i_beats - 1 for n in range(len(host.i_lasts))]
    assert host.o_lasts == [n % o_beats == o_beats - 1 for n in range(len(host.o_lasts))]
    assert {name: found[name] for name in identity(plan)} == identity(plan)
    assert REGISTERS["STATUS"].unpack(found["STATUS"])["busy"] == 0
    assert found["ERRORS"] == 0
    assert found["INTERVAL"] == host.left[-1] - host.left[-1 - o_beats]
    begun, ended = host.entered[::i_beats], host.left[o_beats - 1 :: o_beats]
    assert found["LATENCY"] == latest_measured(begun, ended)
    if not stalls and plan.cycles.period == 1:
        assert found["INTERVAL"] == plan.cycles.interval


def latest_measured(begun, ended):
    """Latency of the last image that began while no other one was being measured."""
    latency, free_at = None, -1
    for begin, end in zip(begun, ended, strict=True):
        if begin > free_at:
            latency, free_at = end - begin, end
    return latency


@pytest.mark.parametrize("seed", range(3))
def test_latency_is_the_plans(seed):
    plan = make_plan(seed)
    images = random_images(np.random.default_rng(seed), plan.network, 1)
    host = Host(plan)

    async def testbench(ctx):
        await until_answered(host, ctx, 1)
        assert await host.read(ctx, "LATENCY") == plan.cycles.latency
        assert await host.read(ctx, "INTERVAL") == 0

    host.run(images, testbench)


@pytest.mark.parametrize("seed", range(6))
def test_stop_within_an_image_and_go_on(seed):
    plan = make_plan(seed)
    i_beats, o_beats = plan.ports.input.beats, plan.ports.output.beats
    images = random_images(np.random.default_rng(seed), plan.network, 60)
    host = Host(plan, stalls=0.3, seed=seed)

    async def testbench(ctx):
        while len(host.left) < o_beats + seed % 3:
            await ctx.tick()
        await host.write(ctx, "CONTROL", run=0)
        assert await host.read(ctx, "CONTROL") == 0
        await ctx.tick().repeat(3)
        while REGISTERS["STATUS"].unpack(await host.read(ctx, "STATUS"))["busy"]:
            await ctx.tick()
            assert host.cycle < 10000
        await ctx.tick().repeat(100)
        stopped = len(host.entered)
        assert stopped % i_beats == 0
        assert stopped < images.size // plan.ports.input.type.lanes
        assert len(host.left) * i_beats == stopped * o_beats
        assert await host.read(ctx, "IMAGES") == stopped // i_beats
        await host.write(ctx, "CONTROL", run=1)
        await until_answered(host, ctx, len(images))

    host.run(images, testbench)
    assert np.array_equal(host.outputs, golden.run(plan.network, images).reshape(-1))


@pytest.mark.parametrize("seed", range(8))
def test_reset_forgets_all_images(seed):
    plan = make_plan(seed % 4)
    images = random_images(np.random.default_rng(seed), plan.network, 24)
    host = Host(plan, stalls=0.2, seed=seed)

    async def testbench(ctx):
        while len(host.left) < 1 or len(host.entered) < plan.ports.input.beats + seed:
            await ctx.tick()
            assert host.cycle < 10000
        cycles = await host.read(ctx, "CYCLES")
        host.stopped = True
        await ctx.tick()
        await host.write(ctx, "CONTROL", run=1, reset=1)
        await ctx.tick()
        del host.outputs[:]
        for name in ("IMAGES", "LATENCY", "INTERVAL"):
            assert await host.read(ctx, name) == 0
        assert not REGISTERS["STATUS"].unpack(await host.read(ctx, "STATUS"))["busy"]
        assert await host.read(ctx, "CONTROL") == 1
        assert await host.read(ctx, "CYCLES") == cycles + 9

        host.stopped = False
        host.images = images[20:]
        await host._feed(ctx)
        await until_answered(host, ctx, 4)

    host.run(images[:20], testbench)
    assert np.array_equal(host.outputs, golden.run(plan.network, images[20:]).reshape(-1))


def test_a_program_image_is_written_byte_by_byte():
    rows, codes = 5, [9, 0, 255, 128, 7, 1]
    right = image_of_key(0xC3, rows=rows)
    damaged = bytes([*right[:-1], right[-1] ^ 1])
    registers = REGISTERS.on("axi", loadable=True)
    dut = ControlledAccelerator(KeyAccelerator(rows), registers, {})
    host = Host.__new__(Host)
    host.dut, host.registers = dut, registers
    results = []

    async def put(ctx, word):
        ctx.set(dut.port.address, registers["LOAD"].word)
        ctx.set(dut.port.w_data, word)
        ctx.set(dut.port.write, 1)
        await ctx.tick()
        ctx.set(dut.port.write, 0)

    async def load(ctx, image):
        await host.write(ctx, "CONTROL", run=1, reset=1, load=1)
        for byte in image:
            while not await status(ctx, "load_ready"):
                pass
            await put(ctx, byte | 0x5500)
        while not await status(ctx, "load_ready"):
            pass
        await host.write(ctx, "CONTROL", run=1)
        await ctx.tick()

    async def status(ctx, name):
        return registers["STATUS"].unpack(await host.read(ctx, "STATUS"))[name]

    async def testbench(ctx):
        ctx.set(dut.i.valid, 1)
        for byte in right:  # while nothing may be loaded
            await put(ctx, byte)
            await ctx.tick().repeat(10)
        assert not await status(ctx, "loaded")
        await load(ctx, damaged)
        assert [await host.read(ctx, name) for name in ("LOADED", "REFUSED")] == [0, 1]
        await host.write(ctx, "CONTROL", run=1, reset=1, load=1)
        for byte in right:  # faster than they are taken
            await put(ctx, byte)
        assert not await status(ctx, "loaded")
        assert not ctx.get(dut.i.ready)
        await load(ctx, right)
        assert await host.read(ctx, "LOADED") == int.from_bytes(right[-4:], "little")
        assert await host.read(ctx, "REFUSED") == 1
        ctx.set(dut.o.ready, 1)
        for code in codes:
            ctx.set(dut.i.payload, [code])
            *_, ready, (result,) = await ctx.tick().sample(dut.i.ready, dut.o.payload)
            assert ready
            results.append(result)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert results == [code ^ 0xC3 for code in codes]


def test_counters_that_are_not_asked_for_do_not_exist():
    plan = make_plan(0)
    registers = REGISTERS.on("link").without("LATENCY", "INTERVAL", "CYCLES")
    host = Host(plan, registers=registers)
    images = random_images(np.random.default_rng(0), plan.network, 2)

    async def testbench(ctx):
        await until_answered(host, ctx, 2)
        ctx.set(host.dut.port.address, REGISTERS["LATENCY"].word)
        ctx.set(host.dut.port.read, 1)
        await ctx.tick()
        assert ctx.get(host.dut.port.r_data) == 0

    host.run(images, testbench)
    assert {"window", "frames_bad", "overruns", "errors"} <= set(host.dut.signature.members)
    assert "data_in" not in host.dut.signature.members
