# amaranth: UnusedElaboratable=no

import numpy as np
import pytest
from threefold.hw.requantizer import Requantizer

from threefold.errors import PlanError

from ..streams import pass_through

TOTAL_BITS = 6


def codes_of(levels, totals):
    """``code = #{total >= level}``"""
    return (totals[:, :, None] >= levels[None]).sum(axis=2)


def requantize(levels, totals, lanes, *, stalls=0.0, seed=0):
    """Beats that left and the ones expected."""
    requantizer = Requantizer(levels, total_bits=TOTAL_BITS, lanes=lanes)
    beats = totals.reshape(-1, lanes)
    traffic = pass_through(requantizer, beats, len(beats), stalls=stalls, seed=seed)
    expected = codes_of(levels, totals).reshape(-1, lanes)
    return traffic, [tuple(beat) for beat in expected.tolist()]


def random_levels(rng, channels, largest):
    return np.sort(rng.integers(0, 2**TOTAL_BITS, (channels, largest)), axis=1)


@pytest.mark.parametrize("largest", [1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 31, 255])
def test_every_total_with_every_level_count(largest):
    levels = random_levels(np.random.default_rng(largest), 1, largest)
    totals = np.arange(2**TOTAL_BITS - 1)[:, None]
    traffic, expected = requantize(levels, totals, 1)
    assert traffic.beats == expected


@pytest.mark.parametrize(
    "levels",
    [
        [[0, 0, 0]],
        [[63, 63, 63]],
        [[0, 62, 63]],
        [[5, 5, 5]],
        [[0, 1, 62]],
        [[62, 62, 63]],
    ],
)
def test_always_and_never_and_equal_levels(levels):
    totals = np.arange(2**TOTAL_BITS - 1)[:, None]
    traffic, expected = requantize(np.array(levels), totals, 1)
    assert traffic.beats == expected


@pytest.mark.parametrize("stalls", [0.0, 0.3, 0.7])
@pytest.mark.parametrize("largest", [1, 2, 5, 15])
@pytest.mark.parametrize(("channels", "lanes"), [(1, 1), (3, 1), (3, 3), (6, 2), (8, 4)])
def test_channels_in_turn(channels, lanes, largest, stalls):
    seed = 100 * channels + largest
    rng = np.random.default_rng(seed)
    levels = random_levels(rng, channels, largest)
    totals = rng.integers(0, 2**TOTAL_BITS - 1, (10, channels))
    traffic, expected = requantize(levels, totals, lanes, stalls=stalls, seed=seed)
    assert traffic.beats == expected
    if not stalls:
        latency = 2 * largest.bit_length()
        assert traffic.left == [cycle + latency for cycle in range(len(expected))]


def test_parameters_are_attributes():
    requantizer = Requantizer([[1, 2, 3], [4, 5, 6]], total_bits=4, lanes=2)
    assert requantizer.levels.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert (requantizer.total_bits, requantizer.lanes) == (4, 2)
    assert (requantizer.bits, requantizer.latency) == (2, 4)


@pytest.mark.parametrize("lanes", [0, 4])
def test_refuses(lanes):
    with pytest.raises(PlanError, match=rf"^lanes must divide 6 channels, not {lanes}$"):
        Requantizer(np.zeros((6, 3), int), total_bits=4, lanes=lanes)
