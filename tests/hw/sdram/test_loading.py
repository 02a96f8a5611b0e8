# amaranth: UnusedElaboratable=no

"""Programs that are loaded into an SDRAM beside images, restarts and resets."""

import zlib

import numpy as np
import pytest
from amaranth.hdl import ResetInserter, Signal
from amaranth.sim import Simulator

from threefold.hw.sdram.accelerator import SDRAMAccelerator
from threefold.hw.sdram.feed import feed_at
from threefold.hw.sdram.program import SDRAMProgram
from threefold.plan import image_of, lower
from threefold.plan.image import MAGIC
from threefold.plan.search.fold import plan_of
from threefold.plan.units.streamed import StreamedUnit
from threefold.sim.sdram import SDRAMChip

from ...loadable_networks import network
from .chips import SMALL, attached, send

FINGERPRINT, ROW = b"abcd", bytes(range(16))
HEAD = MAGIC + FINGERPRINT + (1).to_bytes(4, "little") + ROW
IMAGE = HEAD + zlib.crc32(HEAD).to_bytes(4, "little")


class Bench:
    """A program in an SDRAM, with a reset of its own."""

    def __init__(self):
        self.program, self.reset = SDRAMProgram(SMALL, clock_mhz=60, words=16), Signal()
        self.chip = SDRAMChip(SMALL, clock_mhz=60)

    def run(self, testbench):
        simulator = Simulator(ResetInserter(self.reset)(self.program))
        simulator.add_clock(1e-6)
        simulator.add_testbench(attached(self.chip, self.program.pins), background=True)

        async def loaded(ctx):
            fingerprint = int.from_bytes(FINGERPRINT, "little")
            ctx.set(self.program.fingerprint, fingerprint)
            ctx.set(self.program.idle, 1)
            await send(ctx, self.program.load, IMAGE)
            await testbench(ctx)

        simulator.add_testbench(loaded)
        simulator.run()


def test_no_byte_is_taken_while_an_image_is_inside():
    bench = Bench()

    async def testbench(ctx):
        port = bench.program.load
        ctx.set(bench.program.idle, 0)
        ctx.set(port.valid, 1)
        ctx.set(port.payload, MAGIC[0])
        for _ in range(40):
            assert not ctx.get(port.ready)
            await ctx.tick()
        assert ctx.get(bench.program.loaded)
        ctx.set(bench.program.idle, 1)
        await ctx.tick().repeat(20)
        assert not ctx.get(bench.program.loaded)

    bench.run(testbench)


@pytest.mark.parametrize("later", [0, 1, 2])
def test_a_program_whose_last_byte_is_taken_outlives_a_restart(later):
    bench = Bench()

    async def testbench(ctx):
        for _ in range(later):
            await ctx.tick()
        ctx.set(bench.program.restart, 1)
        await ctx.tick()
        ctx.set(bench.program.restart, 0)
        await ctx.tick().repeat(60)
        assert ctx.get(bench.program.loaded)

    bench.run(testbench)


@pytest.mark.parametrize("cycles", [1, 2])
def test_a_reset_writes_nothing(cycles):
    bench = Bench()

    async def testbench(ctx):
        await ctx.tick().repeat(400)
        bench.chip.content[:] = 0x5A5A
        ctx.set(bench.reset, 1)
        await ctx.tick().repeat(cycles)
        ctx.set(bench.reset, 0)
        await ctx.tick().repeat(400)
        assert np.all(bench.chip.content == 0x5A5A)

    bench.run(testbench)


@pytest.mark.parametrize("later", [1, 2, 3])
def test_an_image_never_begins_with_a_program(later):
    net = network(3)
    feed = feed_at(SMALL, 100, 1).to_dict()
    plan = plan_of(net, (StreamedUnit(lower(net), 2, 2, feed=feed).made_loadable(),))
    dut, chip = SDRAMAccelerator(plan, SMALL, clock_mhz=100), SDRAMChip(SMALL, clock_mhz=100)

    async def testbench(ctx):
        await send(ctx, dut.load, image_of(plan))
        while not ctx.get(dut.loaded):
            await ctx.tick()
        ctx.set(dut.load.payload, MAGIC[0])
        ctx.set(dut.load.valid, 1)
        await ctx.tick().repeat(later)
        ctx.set(dut.i.valid, 1)
        *_, enters = await ctx.tick().sample(dut.i.ready)
        ctx.set(dut.i.valid, 0)
        await ctx.tick().repeat(20)
        assert ctx.get(dut.stored) == enters

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(attached(chip, dut.pins), background=True)
    simulator.add_testbench(testbench)
    simulator.run()
