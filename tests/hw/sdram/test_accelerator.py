# amaranth: UnusedElaboratable=no

"""Streamed accelerator over an SDRAM: bits, cycles and faults, with the chip held to its times."""

import dataclasses
import re

import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.hw.sdram.accelerator import SDRAMAccelerator
from threefold.hw.sdram.feed import feed_of
from threefold.plan import image_of, lower
from threefold.plan.cycle_model.cycles import trace
from threefold.plan.search.fold import plan_of
from threefold.plan.units.streamed import StreamedUnit
from threefold.sim import golden
from threefold.sim.sdram import SDRAMChip
from threefold.sim.verification import StreamBench

from ...accelerators import random_images
from ...loadable_networks import network
from ...nightly import mostly_nightly
from ...random_feeds import least_room
from .chips import SMALL, attached, in_order

NETWORK = network(5, depth=3, filters=12)
IMAGES = random_images(np.random.default_rng(1), NETWORK, 3)
EXPECTED = golden.run(NETWORK, IMAGES).reshape(len(IMAGES), -1).tolist()


def plan(clock_mhz: float = 100, **array):
    sizes = {"pe": 12, "simd": 6, "pixels": 3} | array
    unit = StreamedUnit(lower(NETWORK), **sizes, feed=feed_of(SMALL, clock_mhz).to_dict())
    return plan_of(NETWORK, (least_room(unit.made_loadable()),))


class Bench:
    """An accelerator, and a chip that may be faulty."""

    def __init__(self, clock_mhz: float = 100, **array):
        self.plan = plan(clock_mhz, **array)
        self.dut = SDRAMAccelerator(self.plan, SMALL, clock_mhz=clock_mhz)
        self.chip = SDRAMChip(SMALL, clock_mhz=clock_mhz)
        beside = [attached(self.chip, self.dut.pins), self.idle]
        self.bench = StreamBench(self.dut, image=image_of(self.plan), beside=beside)

    async def idle(self, ctx):
        ctx.set(self.dut.idle, 1)

    def run(self, *, stalls: float = 0.0):
        words = IMAGES.reshape(-1, len(self.dut.i.payload))
        beats = self.plan.ports.output.beats * len(IMAGES)
        traffic = self.bench.run(words, beats, stalls=stalls)
        values = np.array(traffic.beats).reshape(len(IMAGES), -1).tolist()
        last = traffic.left[:: -self.plan.ports.output.beats][::-1]
        return values, [cycle - traffic.entered[0] for cycle in last]


@pytest.mark.parametrize("clock_mhz", mostly_nightly([60, 100, 133], always=[133]))
def test_bits_and_cycles_are_those_predicted(clock_mhz):
    bench = Bench(clock_mhz)
    values, left = bench.run()
    assert values == EXPECTED
    assert bench.chip.faults == []
    assert sum(bench.plan.streamed.streamed_run.waits) > 0
    assert left == trace(bench.plan.netlist.stages, len(IMAGES)).left.tolist()
    words = bench.plan.streamed.program.words
    assert in_order(bench.chip, len(words)) == words


def test_another_memory_is_refused():
    message = "the plan of 'net5' is for Feed(bits=16, first=22,"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}"):
        SDRAMAccelerator(plan(100), SMALL, clock_mhz=133)


def test_a_program_that_is_too_long_is_refused():
    tiny = dataclasses.replace(SMALL, rows=2, columns=32, refresh_ms=0.015)
    unit = StreamedUnit(lower(NETWORK), 4, 2, feed=feed_of(tiny, 100).to_dict())
    message = r"^the program of 'conv1' has [\d,]+ words, and its feed holds 256$"
    with pytest.raises(PlanError, match=message):
        unit.made_loadable()
