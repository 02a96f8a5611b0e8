# amaranth: UnusedElaboratable=no

import random
import re

import numpy as np
import pytest
from amaranth.sim import Simulator

from threefold.errors import PlanError
from threefold.hw.requantizer import Requantizer
from threefold.hw.verilog import to_rtlil
from threefold.plan.distinct import search_steps
from threefold.plan.requantize import forms_for, requantizer_cycles, requantizer_latency
from threefold.sim.verification import StreamBench

ACCUMULATOR_BITS = 6
every_form = pytest.mark.parametrize("form", forms_for(even=False))


class CycleModel:
    """When a requantizer of any form accepts values and offers codes."""

    def __init__(self, form, bits):
        self._top = 1 << (requantizer_latency(form, bits) - 1)
        self._alone = (1 << (requantizer_cycles(form, bits) - 1)) - 1
        self._pipe = 0
        self._kept = False

    @property
    def valid(self):
        return self._kept or bool(self._pipe & self._top)

    @property
    def ready(self):
        """Whether a value is accepted, which does not depend on the reader of the codes."""
        return self._advances and not self._pipe & self._alone

    @property
    def _advances(self):
        return not self._kept or not self._pipe & self._top

    def tick(self, i_valid, o_ready):
        accepted, kept = i_valid and self.ready, self.valid and not o_ready
        if self._advances:
            self._pipe = ((self._pipe << 1) & (2 * self._top - 1)) | accepted
        self._kept = kept


def codes_of(thresholds, accumulators):
    """``code = #{accumulator >= threshold}``"""
    return (accumulators[:, :, None] >= thresholds[None]).sum(axis=2)


def requantize(form, thresholds, accumulators, lanes, *, stalls=(0.0,), seed=0):
    """Beats that left at each probability of a stall, and the ones expected."""
    requantizer = Requantizer(thresholds, accumulator_bits=ACCUMULATOR_BITS, lanes=lanes, form=form)
    beats = accumulators.reshape(-1, lanes)
    bench = StreamBench(requantizer)
    expected = codes_of(thresholds, accumulators).reshape(-1, lanes)
    return (
        *(bench.run(beats, len(beats), stalls=each, seed=seed) for each in stalls),
        [tuple(beat) for beat in expected.tolist()],
    )


def random_thresholds(rng, channels, largest):
    return np.sort(rng.integers(0, 2**ACCUMULATOR_BITS, (channels, largest)), axis=1)


@every_form
@pytest.mark.parametrize("largest", [1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 31, 255])
def test_every_accumulator_value_with_every_threshold_count(form, largest):
    thresholds = random_thresholds(np.random.default_rng(largest), 1, largest)
    accumulators = np.arange(2**ACCUMULATOR_BITS - 1)[:, None]
    traffic, expected = requantize(form, thresholds, accumulators, 1)
    assert traffic.beats == expected


@every_form
@pytest.mark.parametrize(
    "thresholds",
    [
        [[0, 0, 0]],
        [[63, 63, 63]],
        [[0, 62, 63]],
        [[5, 5, 5]],
        [[0, 1, 62]],
        [[62, 62, 63]],
    ],
)
def test_always_and_never_and_equal_thresholds(form, thresholds):
    accumulators = np.arange(2**ACCUMULATOR_BITS - 1)[:, None]
    traffic, expected = requantize(form, np.array(thresholds), accumulators, 1)
    assert traffic.beats == expected


@every_form
@pytest.mark.parametrize("largest", [1, 2, 5, 15])
@pytest.mark.parametrize(("channels", "lanes"), [(1, 1), (3, 1), (3, 3), (6, 2), (8, 4)])
def test_channels_in_turn(form, channels, lanes, largest):
    seed = 100 * channels + largest
    rng = np.random.default_rng(seed)
    thresholds = random_thresholds(rng, channels, largest)
    accumulators = rng.integers(0, 2**ACCUMULATOR_BITS - 1, (10, channels))
    free, *stalled, expected = requantize(
        form, thresholds, accumulators, lanes, stalls=(0.0, 0.3, 0.7), seed=seed
    )
    assert all(traffic.beats == expected for traffic in (free, *stalled))
    sizes = form, largest.bit_length(), search_steps(thresholds, ACCUMULATOR_BITS)
    latency, cycles = requantizer_latency(*sizes), requantizer_cycles(*sizes)
    assert free.entered == [cycles * beat for beat in range(len(expected))]
    assert free.left == [cycle + latency for cycle in free.entered]


@every_form
@pytest.mark.parametrize(("alike", "lanes", "stored"), [(1, 1, 1), (1, 4, 1), (2, 3, 2), (6, 4, 3)])
def test_thresholds_that_come_again_are_stored_once(form, alike, lanes, stored):
    rng = np.random.default_rng(alike)
    thresholds = np.tile(random_thresholds(rng, alike, 3), (12 // alike, 1))
    accumulators = rng.integers(0, 2**ACCUMULATOR_BITS - 1, (10, 12))
    traffic, expected = requantize(form, thresholds, accumulators, lanes)
    assert traffic.beats == expected
    requantizer = Requantizer(thresholds, accumulator_bits=ACCUMULATOR_BITS, lanes=lanes, form=form)
    rows = re.findall(r"memory width \d+ size (\d+) ", to_rtlil(requantizer, "top"))
    if form == "parallel":
        assert rows == [str(stored)] * lanes * (stored > 1)


@every_form
@pytest.mark.parametrize("alike", [1, 2, 3, 6, 12])
@pytest.mark.parametrize(("pe", "lanes"), [(1, 1), (3, 1), (4, 2), (6, 6), (12, 4)])
def test_pixels_take_turns(form, pe, lanes, alike):
    channels, pixels, steps = 12, 3, 4
    rng = np.random.default_rng(10 * pe + alike)
    thresholds = np.tile(random_thresholds(rng, alike, 3), (channels // alike, 1))
    accumulators = rng.integers(0, 2**ACCUMULATOR_BITS - 1, (steps, pixels, channels))
    codes = codes_of(thresholds, accumulators.reshape(-1, channels))

    def in_turn(values):
        rows = values.reshape(steps, pixels, channels // pe, pe).transpose(0, 2, 1, 3)
        return [tuple(beat) for beat in rows.reshape(-1, lanes).tolist()]

    requantizer = Requantizer(
        thresholds,
        accumulator_bits=ACCUMULATOR_BITS,
        lanes=lanes,
        form=form,
        pixels=pixels,
        pe=pe,
    )
    beats, expected, bench = in_turn(accumulators), in_turn(codes), StreamBench(requantizer)
    for stalls in (0.0, 0.4):
        assert bench.run(beats, len(beats), stalls=stalls).beats == expected


@every_form
@pytest.mark.parametrize("bits", [1, 2, 3, 4])
@pytest.mark.parametrize("stalls", [0.0, 0.2, 0.5, 0.8])
def test_cycle_model(form, bits, stalls):
    thresholds = random_thresholds(np.random.default_rng(bits), 3, 2**bits - 1)
    requantizer = Requantizer(thresholds, accumulator_bits=ACCUMULATOR_BITS, lanes=1, form=form)
    model, rng = CycleModel(form, bits), random.Random(bits)

    async def testbench(ctx):
        i_valid = False
        for _ in range(300):
            i_valid = i_valid or rng.random() >= stalls
            o_ready = rng.random() >= stalls
            ctx.set(requantizer.i.valid, i_valid)
            ctx.set(requantizer.o.ready, o_ready)
            ready = bool(ctx.get(requantizer.i.ready))
            assert (bool(ctx.get(requantizer.o.valid)), ready) == (
                model.valid,
                model.ready,
            )
            model.tick(i_valid, o_ready)
            await ctx.tick()
            i_valid = i_valid and not ready

    sim = Simulator(requantizer)
    sim.add_clock(1e-6)
    sim.add_testbench(testbench)
    sim.run()


def test_parameters_are_attributes():
    requantizer = Requantizer(
        [[1, 2, 3], [4, 5, 6]], accumulator_bits=4, lanes=2, form="sequential"
    )
    assert requantizer.thresholds.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert (requantizer.accumulator_bits, requantizer.lanes, requantizer.form) == (
        4,
        2,
        "sequential",
    )
    assert (requantizer.bits, requantizer.latency, requantizer.cycles) == (2, 6, 6)


@pytest.mark.parametrize("lanes", [0, 4])
def test_refuses(lanes):
    with pytest.raises(PlanError, match=rf"^lanes must divide 6 channels, not {lanes}$"):
        Requantizer(np.zeros((6, 3), int), accumulator_bits=4, lanes=lanes)


def test_refuses_an_unknown_form():
    message = "a requantizer is parallel, pipelined, sequential or divider, not 'fast'"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        Requantizer(np.zeros((6, 3), int), accumulator_bits=4, lanes=2, form="fast")


def test_refuses_a_divider_without_lines():
    message = (
        "thresholds are not evenly spaced, as a divider needs; choose parallel, pipelined or "
        "sequential"
    )
    with pytest.raises(PlanError, match=f"^{message}$"):
        Requantizer(np.zeros((6, 3), int), accumulator_bits=4, lanes=2, form="divider")


def repeating_thresholds(rng, channels, largest, most):
    """Thresholds of each channel, of which at most some differ and can be reached and missed."""
    values = rng.integers(0, 2**ACCUMULATOR_BITS, (channels, most))
    return np.sort(
        np.take_along_axis(values, rng.integers(0, most, (channels, largest)), 1), axis=1
    )


@every_form
@pytest.mark.parametrize(("largest", "most", "steps"), [(7, 1, 1), (15, 3, 2), (255, 7, 3)])
@pytest.mark.parametrize(("channels", "lanes"), [(1, 1), (3, 1), (6, 2)])
def test_thresholds_that_repeat_are_not_stored(form, largest, most, steps, channels, lanes):
    rng = np.random.default_rng(largest + channels)
    thresholds = repeating_thresholds(rng, channels, largest, most)
    accumulators = np.arange(2**ACCUMULATOR_BITS - 1)[:, None].repeat(channels, axis=1)
    traffic, stalled, expected = requantize(
        form, thresholds, accumulators, lanes, stalls=(0.0, 0.5)
    )
    assert traffic.beats == stalled.beats == expected
    requantizer = Requantizer(thresholds, accumulator_bits=ACCUMULATOR_BITS, lanes=lanes, form=form)
    assert requantizer.steps == steps
    sizes = form, largest.bit_length(), steps
    latency, cycles = requantizer_latency(*sizes), requantizer_cycles(*sizes)
    assert traffic.entered == [cycles * beat for beat in range(len(expected))]
    assert traffic.left == [cycle + latency for cycle in traffic.entered]
    memories = re.findall(r"memory width (\d+) size (\d+) ", to_rtlil(requantizer, "top"))
    largest_memory = max(int(width) * int(size) for width, size in memories)
    groups = channels // lanes
    assert largest_memory <= groups * 2**steps * max(ACCUMULATOR_BITS, largest.bit_length())
