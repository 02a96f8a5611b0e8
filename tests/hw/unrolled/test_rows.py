# amaranth: UnusedElaboratable=no

import numpy as np
import pytest
from amaranth.sim import Simulator

from threefold.hw.unrolled.row_codes import RowCode
from threefold.hw.unrolled.row_logits import RowLogit
from threefold.plan.unrolled.thresholds import line_of

from ...nightly import mostly_nightly


def outputs(component, values, latency):
    """What leaves ``latency`` cycles after each value, one a cycle."""
    seen = []

    async def testbench(ctx):
        for cycle in range(len(values) + latency):
            if cycle < len(values):
                ctx.set(component.i, int(values[cycle]))
            if cycle >= latency:
                seen.append(ctx.get(component.o))
            await ctx.tick()

    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return seen


@pytest.mark.parametrize("seed", mostly_nightly(range(300), always=range(20)))
def test_random_thresholds(seed):
    rng = np.random.default_rng(seed)
    largest, codes = int(rng.integers(1, 60)), int(rng.integers(2, 17))
    thresholds = np.sort(rng.integers(-5, largest + 5, codes - 1))
    latency = max(2, (codes - 1).bit_length()) + int(rng.integers(2))
    row = RowCode(thresholds.tolist(), line=None, largest=largest, latency=latency)
    values = np.arange(largest + 1)
    reached = (values[:, None] >= thresholds).sum(axis=1)
    assert outputs(row, values, latency) == reached.tolist()


@pytest.mark.parametrize("seed", mostly_nightly(range(300), always=range(20)))
def test_random_lines(seed):
    rng = np.random.default_rng(seed)
    largest, bits, shift = int(rng.integers(1, 60)), int(rng.integers(1, 5)), int(rng.integers(6))
    points = int(rng.integers(-40, largest)) + (np.arange(2**bits - 1) << shift)
    thresholds = np.clip(points, 0, largest + 1)
    line = line_of(thresholds, largest)
    row = RowCode(thresholds.tolist(), line=line, largest=largest, latency=3)
    values = np.arange(largest + 1)
    reached = (values[:, None] >= thresholds).sum(axis=1)
    assert line is not None
    assert outputs(row, values, 3) == reached.tolist()


@pytest.mark.parametrize("shift", [0, 1, 2])
@pytest.mark.parametrize("start", [-4, -1, 0, 1, 2, 3, 4, 5, 8, 9, 12, 13])
def test_lines_wherever_they_begin(start, shift):
    thresholds = np.clip(start + (np.arange(3) << shift), 0, 17)
    row = RowCode(thresholds.tolist(), line=line_of(thresholds, 16), largest=16, latency=2)
    values = np.arange(17)
    assert outputs(row, values, 2) == (values[:, None] >= thresholds).sum(axis=1).tolist()


@pytest.mark.parametrize("shift", [0, 1, 3])
@pytest.mark.parametrize("offset", [0, 1, -1, 16, -48, 21, -37, 255, -256])
def test_logits(offset, shift):
    values = np.arange(32)
    row = RowLogit(bits=5, shift=shift, offset=offset, logit_bits=11)
    assert outputs(row, values, 1) == ((values << shift) + offset).tolist()


def test_parameters():
    row = RowLogit(bits=5, shift=1, offset=-3, logit_bits=7)
    assert (row.bits, row.shift, row.offset, row.logit_bits) == (5, 1, -3, 7)
    code = RowCode([3, 5], line=None, largest=9, latency=2)
    assert (code.thresholds, code.line, code.largest, code.latency) == ((3, 5), None, 9, 2)
