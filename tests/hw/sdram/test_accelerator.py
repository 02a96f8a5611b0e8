# amaranth: UnusedElaboratable=no

"""Streamed accelerator over an SDRAM: bits, cycles and faults, with the chip held to its times."""

import dataclasses
import re

import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.hw.sdram.accelerator import SDRAMAccelerator
from threefold.hw.sdram.feed import feed_at
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


def plan(clock_mhz: float = 100, *, ratio: int = 1, **array):
    sizes = {"pe": 12, "simd": 6, "pixels": 3} | array
    unit = StreamedUnit(lower(NETWORK), **sizes, feed=feed_at(SMALL, clock_mhz, ratio).to_dict())
    return plan_of(NETWORK, (least_room(unit.made_loadable()),))


class Bench:
    """An accelerator, and a chip that may be faulty."""

    def __init__(self, clock_mhz: float = 100, *, ratio: int = 1, beside=(), **array):
        self.plan = plan(clock_mhz, ratio=ratio, **array)
        self.dut = SDRAMAccelerator(self.plan, SMALL, clock_mhz=clock_mhz)
        self.chip = SDRAMChip(SMALL, clock_mhz=ratio * clock_mhz)
        domain = "sync" if ratio == 1 else "memory"
        self.bench = StreamBench(
            self.dut,
            image=image_of(self.plan),
            beside=[attached(self.chip, self.dut.pins, domain=domain), *beside],
            domains={} if ratio == 1 else {domain: ratio},
        )

    def run(self, *, stalls: float = 0.0):
        words = IMAGES.reshape(-1, len(self.dut.i.payload))
        beats = self.plan.ports.output.beats * len(IMAGES)
        traffic = self.bench.run(words, beats, stalls=stalls)
        values = np.array(traffic.beats).reshape(len(IMAGES), -1).tolist()
        last = traffic.left[:: -self.plan.ports.output.beats][::-1]
        return values, [cycle - traffic.entered[0] for cycle in last]


RATES = [(60, 1), (100, 1), (133, 1), (50, 2), (71, 2)]


@pytest.mark.parametrize(("clock_mhz", "ratio"), mostly_nightly(RATES, always=[(133, 1), (71, 2)]))
def test_bits_and_cycles_are_those_predicted(clock_mhz, ratio):
    bench = Bench(clock_mhz, ratio=ratio)
    assert bench.dut.ratio == ratio
    values, left = bench.run()
    assert values == EXPECTED
    assert bench.chip.faults == []
    assert sum(bench.plan.streamed.streamed_run.waits) > 0
    assert left == trace(bench.plan.netlist.stages, len(IMAGES)).left.tolist()
    program = image_of(bench.plan)[12:-4]
    assert in_order(bench.chip, len(program) // 2) == np.frombuffer(program, "<u2").tolist()


def test_another_memory_is_refused():
    message = "the plan of 'net5' is for Feed(bits=16, first=24,"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}"):
        SDRAMAccelerator(plan(100), SMALL, clock_mhz=133)


def test_a_program_that_is_too_long_is_refused():
    tiny = dataclasses.replace(SMALL, rows=2, columns=32, refresh_ms=0.015)
    unit = StreamedUnit(lower(NETWORK), 4, 2, feed=feed_at(tiny, 100, 1).to_dict())
    message = r"^the program of 'conv1' has [\d,]+ bytes, and the memory .* 512; .*$"
    with pytest.raises(PlanError, match=message):
        unit.made_loadable()
