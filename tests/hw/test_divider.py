# amaranth: UnusedElaboratable=no

import numpy as np
import pytest
from amaranth.sim import Simulator

from threefold.hw.divider import Divider
from threefold.hw.requantizer import Requantizer
from threefold.plan.even import even_thresholds
from threefold.plan.requantize import requantizer_latency
from threefold.sim.verification import pass_through

ACCUMULATOR_BITS = 6
LARGEST = 2**ACCUMULATOR_BITS - 2


def thresholds_of(channels, bits):
    rng = np.random.default_rng(100 * channels + bits)
    starts = rng.uniform(-20, 40, (channels, 1))
    distances = rng.uniform(0, 60, (channels, 1)) / 2**bits
    points = np.ceil(starts + distances * np.arange(2**bits - 1)).astype(int)
    return np.clip(points, 0, LARGEST + 1)


def lines(thresholds):
    return even_thresholds(thresholds, np.full(len(thresholds), LARGEST))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_every_value_of_every_channel(bits):
    thresholds = thresholds_of(3, bits)
    dut = Divider(lines(thresholds), accumulator_bits=ACCUMULATOR_BITS)

    async def testbench(ctx):
        for channel, row in enumerate(thresholds):
            for total in range(LARGEST + 1):
                ctx.set(dut.start, 1)
                ctx.set(dut.total, total)
                ctx.set(dut.channel, channel)
                await ctx.tick()
                ctx.set(dut.start, 0)
                ctx.set(dut.total, LARGEST - total)
                await ctx.tick().repeat(bits + 2)
                assert ctx.get(dut.code) == (total >= row).sum()

    sim = Simulator(dut)
    sim.add_clock(1e-6)
    sim.add_testbench(testbench)
    sim.run()


@pytest.mark.parametrize("stalls", [0.0, 0.3, 0.7])
@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize(("channels", "lanes"), [(1, 1), (3, 1), (6, 2), (8, 4)])
def test_channels_in_turn(channels, lanes, bits, stalls):
    thresholds = thresholds_of(channels, bits)
    accumulators = np.random.default_rng(bits).integers(0, LARGEST + 1, (10, channels))
    dut = Requantizer(
        thresholds,
        accumulator_bits=ACCUMULATOR_BITS,
        lanes=lanes,
        form="divider",
        even=lines(thresholds),
    )
    beats = accumulators.reshape(-1, lanes)
    traffic = pass_through(dut, beats, len(beats), stalls=stalls, seed=bits)
    codes = (accumulators[:, :, None] >= thresholds).sum(axis=2)
    assert traffic.beats == [tuple(beat) for beat in codes.reshape(-1, lanes).tolist()]
    if not stalls:
        cycles = requantizer_latency("divider", bits)
        assert traffic.entered == [cycles * beat for beat in range(len(beats))]
        assert traffic.left == [cycle + cycles for cycle in traffic.entered]


@pytest.mark.parametrize("seed", range(20))
def test_equal_thresholds_of_channels_that_reach_unequal_values(seed):
    """Some reach no threshold; values of others may be above those of plain sums."""
    rng = np.random.default_rng([seed, 5])
    thresholds = np.sort(rng.integers(4, 8, (1, 3))).repeat(4, axis=0)
    surplus = rng.integers(0, 5, 4) * (seed % 2)
    largest = surplus + rng.integers(3, 40, 4)
    thresholds = np.minimum(thresholds, largest.min() + 1)
    even = even_thresholds(thresholds - surplus[:, None], largest - surplus)
    if even is None:
        return
    accumulators = np.concatenate([rng.integers(surplus, largest + 1, (10, 4)), largest[None]])
    dut = Requantizer(
        thresholds, accumulator_bits=6, lanes=2, form="divider", even=even.moved(surplus)
    )
    beats = accumulators.reshape(-1, 2)
    codes = (accumulators[:, :, None] >= thresholds).sum(axis=2)
    expected = [tuple(beat) for beat in codes.reshape(-1, 2).tolist()]
    assert pass_through(dut, beats, len(beats)).beats == expected


def test_parameters_are_attributes():
    even = lines(thresholds_of(3, 2))
    dut = Divider(even, accumulator_bits=ACCUMULATOR_BITS)
    assert dut.even is even
    assert dut.accumulator_bits == ACCUMULATOR_BITS
