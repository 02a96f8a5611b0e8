"""An SDRAM that is missing, or faulty from the start: told, and never computed with."""

import pytest
from amaranth.sim import Simulator

from threefold.hw.sdram.accelerator import SDRAMAccelerator
from threefold.plan import image_of
from threefold.sim.sdram import SDRAMChip

from .chips import SMALL, attached, send
from .test_accelerator import IMAGES, plan

CYCLES = 18_000
"""Enough for power-up, the program, and what would follow."""


class Missing(SDRAMChip):
    """Nothing answers; what is read are the levels that the pins are pulled to."""

    level = 0

    def edge(self, pins):
        return self.level


class PulledUp(Missing):
    level = 0xFFFF


class Floating(Missing):
    """Pins keep what was driven last."""

    def edge(self, pins):
        if pins.drives:
            self.level = pins.data
        return self.level


class StuckData(SDRAMChip):
    """A data pin is always high."""

    def edge(self, pins):
        word = super().edge(pins)
        return word if word is None else word | 0x0400


class StuckAddress(SDRAMChip):
    """An address pin is always low, so that parts of a row are one."""

    def edge(self, pins):
        return super().edge(pins._replace(address=pins.address & ~0x10))


class OneBank(SDRAMChip):
    """A bank pin is always low, so that a bank is written twice."""

    def edge(self, pins):
        return super().edge(pins._replace(bank=pins.bank & 1))


class Bench:
    """The accelerator in a simulator, made once for all chips."""

    def __init__(self):
        self.dut = SDRAMAccelerator(plan(), SMALL, clock_mhz=100)
        self.simulator = Simulator(self.dut)
        self.simulator.add_clock(1e-8)
        for each in (self.answer, self.load, self.feed):
            self.simulator.add_testbench(each, background=True)
        self.simulator.add_testbench(self.watch)
        self.told = []

    async def answer(self, ctx):
        await attached(self.chip, self.dut.pins)(ctx)

    async def load(self, ctx):
        await send(ctx, self.dut.load, image_of(plan()))

    async def feed(self, ctx):
        await send(ctx, self.dut.i, IMAGES[0].reshape(-1, len(self.dut.i.payload)).tolist())

    async def watch(self, ctx):
        dut = self.dut
        ctx.set(dut.o.ready, 1)
        signals = dut.o.valid, dut.loaded, dut.wrong
        async for _, _, leaves, loaded, wrong in ctx.tick().sample(*signals):
            self.left += leaves
            self.told.append((loaded, wrong))
            if len(self.told) == CYCLES:
                break

    def run(self, kind: type[SDRAMChip]) -> tuple[bool, int, int, int]:
        """Whether it was loaded at any time, is so and is wrong at the end; beats that left."""
        if self.told:
            self.simulator.reset()
        self.chip, self.left, self.told = kind(SMALL, clock_mhz=100), 0, []
        self.simulator.run()
        return any(loaded for loaded, _ in self.told), *self.told[-1], self.left


@pytest.fixture(scope="module")
def bench():
    return Bench()


def test_one_that_is_there_is_told(bench):
    assert bench.run(SDRAMChip) == (True, 1, 0, plan().ports.output.beats)


@pytest.mark.parametrize("kind", [Missing, PulledUp, Floating, StuckData, StuckAddress, OneBank])
def test_nothing_is_computed_with_it(bench, kind):
    assert bench.run(kind) == (False, 0, 1, 0)
