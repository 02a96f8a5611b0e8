# amaranth: UnusedElaboratable=no

import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.hw.logits import LogitAdder
from threefold.plan.latency import logit_latency
from threefold.sim.verification import pass_through

SIZES = [(1, 1), (2, 1), (2, 2), (6, 1), (6, 2), (6, 6), (10, 5)]


def random_logits(channels, lanes, step, *, stalls=0.0):
    """Beats that left and the ones expected."""
    rng = np.random.default_rng(100 * channels + 10 * lanes + step)
    accumulators = rng.integers(0, 32, (8, channels))
    accumulators[0], accumulators[1] = 0, 31
    offsets = rng.integers(-40, 40, channels)
    expected = step * accumulators + offsets
    adder = LogitAdder(offsets, step=step, accumulator_bits=5, logit_bits=16, lanes=lanes)
    beats = accumulators.reshape(-1, lanes)
    traffic = pass_through(adder, beats, len(beats), stalls=stalls, seed=channels)
    return traffic, [tuple(beat) for beat in expected.reshape(-1, lanes).tolist()]


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5, 11, 15, 85, 171, 683])
@pytest.mark.parametrize(("channels", "lanes"), SIZES)
def test_one_beat_a_cycle(channels, lanes, step):
    traffic, expected = random_logits(channels, lanes, step)
    assert traffic.beats == expected
    assert traffic.left == [cycle + logit_latency(step) for cycle in range(len(expected))]


@pytest.mark.parametrize("stalls", [0.3, 0.7])
@pytest.mark.parametrize("step", [2, 3, 85])
@pytest.mark.parametrize(("channels", "lanes"), SIZES)
def test_stalls(channels, lanes, step, stalls):
    traffic, expected = random_logits(channels, lanes, step, stalls=stalls)
    assert traffic.beats == expected


def test_offsets_beyond_all_logits_wrap_around():
    accumulators = np.array([[100, 110], [103, 90]])
    adder = LogitAdder([-98, -105], step=1, accumulator_bits=7, logit_bits=5, lanes=1)
    traffic = pass_through(adder, accumulators.reshape(-1, 1), 4)
    assert [beat for (beat,) in traffic.beats] == [2, 5, 5, -15]


def test_parameters_are_attributes():
    adder = LogitAdder([1, -2], step=3, accumulator_bits=4, logit_bits=7, lanes=2)
    assert (adder.offsets.tolist(), adder.lanes, adder.step) == ([1, -2], 2, 3)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"lanes": 4}, r"^lanes must divide 6 channels, not 4$"),
        ({"lanes": 0}, r"^lanes must divide 6 channels, not 0$"),
        ({"step": 0}, r"^the step of logits must be at least 1, not 0$"),
    ],
)
def test_refuses(parameters, message):
    defaults = {"step": 1, "accumulator_bits": 4, "logit_bits": 6, "lanes": 2}
    with pytest.raises(PlanError, match=message):
        LogitAdder(range(6), **{**defaults, **parameters})
