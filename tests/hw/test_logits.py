# amaranth: UnusedElaboratable=no

import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.hw.logits import LogitAdder
from threefold.sim.verification import pass_through

SIZES = [(1, 1), (2, 1), (2, 2), (6, 1), (6, 2), (6, 6), (10, 5)]


def random_logits(channels, lanes, step, *, stalls=0.0):
    """Beats that left and the ones expected."""
    rng = np.random.default_rng(100 * channels + 10 * lanes + step)
    accumulators = rng.integers(0, 32, (8, channels))
    accumulators[0], accumulators[1] = 0, 31
    offsets = rng.integers(-40, 40, channels)
    expected = step * accumulators + offsets
    adder = LogitAdder(offsets, step=step, accumulator_bits=5, logit_bits=9, lanes=lanes)
    beats = accumulators.reshape(-1, lanes)
    traffic = pass_through(adder, beats, len(beats), stalls=stalls, seed=channels)
    return traffic, [tuple(beat) for beat in expected.reshape(-1, lanes).tolist()]


@pytest.mark.parametrize("step", [1, 2, 4])
@pytest.mark.parametrize(("channels", "lanes"), SIZES)
def test_one_beat_a_cycle(channels, lanes, step):
    traffic, expected = random_logits(channels, lanes, step)
    assert traffic.beats == expected
    assert traffic.left == [cycle + LogitAdder.latency for cycle in range(len(expected))]


@pytest.mark.parametrize("stalls", [0.3, 0.7])
@pytest.mark.parametrize(("channels", "lanes"), SIZES)
def test_stalls(channels, lanes, stalls):
    traffic, expected = random_logits(channels, lanes, 2, stalls=stalls)
    assert traffic.beats == expected


def test_parameters_are_attributes():
    adder = LogitAdder([1, -2], step=1, accumulator_bits=4, logit_bits=6, lanes=2)
    assert (adder.offsets.tolist(), adder.lanes) == ([1, -2], 2)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"lanes": 4}, r"^lanes must divide 6 channels, not 4$"),
        ({"lanes": 0}, r"^lanes must divide 6 channels, not 0$"),
        ({"step": 3}, r"^the step of logits must be a power of two, not 3$"),
        ({"step": 0}, r"^the step of logits must be a power of two, not 0$"),
    ],
)
def test_refuses(parameters, message):
    defaults = {"step": 1, "accumulator_bits": 4, "logit_bits": 6, "lanes": 2}
    with pytest.raises(PlanError, match=message):
        LogitAdder(range(6), **{**defaults, **parameters})
