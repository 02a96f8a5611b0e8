import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.plan.even import even_thresholds

NEVER = 63


def reached(even, values):
    """Codes of values of each channel, shape (values, channels)."""
    points = even.starts[:, None] + even.distances[:, None] * np.arange(1, 2**even.bits)
    return ((values << even.fraction)[:, :, None] >= points).sum(axis=2)


def uniform(rng, channels, bits):
    """Thresholds of a uniform quantizer, and the largest value of each channel."""
    largest = rng.integers(20, NEVER, channels)
    starts = rng.uniform(-40, 80, (channels, 1))
    distances = rng.choice([0.05, 0.7, 3.1, 30]) * rng.random((channels, 1))
    thresholds = np.ceil(starts + distances * np.arange(2**bits - 1)).astype(int)
    return np.clip(thresholds, 0, largest[:, None] + 1), largest


@given(st.integers(0, 2**32), st.integers(1, 4), st.sampled_from([1, 2, 3, 4, 8]))
def test_codes_are_the_same(seed, channels, bits):
    thresholds, largest = uniform(np.random.default_rng(seed), channels, bits)
    even = even_thresholds(thresholds, largest)
    values = np.minimum(np.arange(NEVER)[:, None], largest)
    assert even is not None
    assert np.array_equal(reached(even, values), (values[:, :, None] >= thresholds).sum(axis=2))
    words = even.distances << (bits - 1)
    for bound in (even.starts, words, -even.starts - words, (largest << even.fraction)):
        assert (-(2 ** (even.word_bits - 1)) <= bound).all()
        assert (bound < 2 ** (even.word_bits - 1)).all()
    for stored in (even.starts, words):
        assert (stored % 2**even.common_zeros == 0).all()
    assert 0 < even.stored_bits <= even.word_bits


@given(st.integers(0, 2**32), st.sampled_from([1, 2, 3, 4]))
def test_lines_of_larger_values(seed, bits):
    rng = np.random.default_rng(seed)
    thresholds, largest = uniform(rng, 3, bits)
    surplus = rng.integers(0, 50, 3)
    even = even_thresholds(thresholds, largest)
    moved = even.moved(surplus)
    values = np.minimum(np.arange(NEVER)[:, None], largest)
    assert np.array_equal(reached(moved, values + surplus), reached(even, values))
    assert moved.largest.tolist() == (largest + surplus).tolist()


@pytest.mark.parametrize(
    ("thresholds", "largest", "fraction"),
    [
        ([[10, 20, 30]], 60, 0),
        ([[0, 0, 0]], 60, 0),
        ([[61, 61, 61]], 60, 0),
        ([[0, 0, 61]], 60, 0),
        ([[10, 13, 15]], 60, 1),
        ([[10, 10, 11, 11, 12, 12, 13]], 60, 1),
        ([[0, 9, 61], [7, 7, 7]], 60, 0),
        ([[20, 40, 61, 61, 61]], 60, 1),
        ([[1, 2, 3, 4, 5]], 5, 0),
    ],
)
def test_no_more_bits_than_needed(thresholds, largest, fraction):
    even = even_thresholds(np.array(thresholds), np.full(len(thresholds), largest))
    assert even.fraction == fraction


@pytest.mark.parametrize(
    ("start", "distance", "bits", "stored"),
    [(0.3, 0.37, 8, 19), (100.3, 3.21, 4, 15), (1.7, 20.9, 4, 13), (60.2, 0.37, 4, 16)],
)
def test_starts_are_round_where_they_can_be(start, distance, bits, stored):
    points = start + distance * np.arange(2**bits - 1)
    even = even_thresholds(np.ceil(points).astype(int)[None], np.array([4000]))
    assert even.stored_bits == stored
    assert even.word_bits - stored in (0, bits - 1)


def test_words_that_are_all_0_take_a_bit():
    even = even_thresholds(np.zeros((2, 3), int), np.full(2, 60))
    assert (even.starts.any(), even.distances.any(), even.stored_bits) == (False, False, 1)


@pytest.mark.parametrize(
    "thresholds",
    [
        [[10, 20, 33]],
        [[10, 20, 30], [10, 20, 33]],
        [[10, 10, 40]],
        [[1, 2, 3, 4, 5]],  # 6 and 7 would be codes of 3 bits
        [list(range(511))],
    ],
)
def test_none(thresholds):
    assert even_thresholds(np.array(thresholds), np.full(len(thresholds), 60)) is None


def test_some_channels():
    thresholds = np.array([[10, 20, 30], [5, 6, 7], [0, 2, 40], [61, 61, 61]])
    even = even_thresholds(thresholds[[0, 1, 3]], np.array([60, 60, 40]))
    some = even.of(slice(0, 3, 2))
    assert (some.fraction, some.bits) == (even.fraction, 2)
    for name in ("starts", "distances", "largest"):
        assert getattr(some, name).tolist() == getattr(even, name).tolist()[::2]


def test_equal_thresholds_are_on_equal_lines():
    """The second threshold is out of reach for the first channel, which never tells."""
    even = even_thresholds(np.array([[0, 1], [0, 1]]), np.array([0, 2]))
    assert np.array_equal(even.lines[0], even.lines[1])
    assert reached(even, np.array([[0, 0], [1, 2]]).T.reshape(2, 2)).tolist() == [[1, 2], [1, 2]]


def test_the_first_channels_are_wide_enough_for_those_that_come_again():
    thresholds, largest = np.array([[0, 1], [0, 2], [0, 1], [0, 2]]), np.array([1, 2, 90, 60])
    first = even_thresholds(thresholds, largest).first(2)
    assert (first.lines.shape, first.largest.tolist()) == ((2, 2), [90, 60])


@pytest.mark.parametrize(("largest", "there"), [(2**30, True), (2**37, True), (2**38, False)])
def test_products_stay_within_64_bits(largest, there):
    """At 2 bits: the distance of thresholds, with its bits behind the point, times 3."""
    thresholds = np.array([[largest // 4, largest // 2, 3 * (largest // 4)]])
    line = even_thresholds(thresholds, np.array([largest]))
    assert (line is not None) == there
    if line is not None:
        assert (line.starts[0], line.distances[0]) == (0, largest // 4)
