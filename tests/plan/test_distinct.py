import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.plan.distinct import distinct_thresholds, search_steps

NEVER = 63  # in 6 bits


@pytest.mark.parametrize(
    ("thresholds", "steps"),
    [
        ([[5] * 15], 1),
        ([[0] * 15], 1),
        ([[NEVER] * 15], 1),
        ([[0] * 5 + [7] * 5 + [NEVER] * 5], 1),
        ([[0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, NEVER, NEVER, NEVER]], 2),
        ([[1] * 15, [1, 1, 2, 2, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4]], 4),  # 3 save too little
        ([list(range(15))], 4),
        ([[3, 4, 5]], 2),
    ],
)
def test_steps(thresholds, steps):
    assert search_steps(np.array(thresholds), 6) == steps


def test_what_repeats_is_left_out():
    kept = distinct_thresholds(np.array([[0, 5, 5, 9, 9, 9, NEVER], [1] * 7]), 6, 2)
    assert kept.thresholds.tolist() == [[5, 9, NEVER], [1, NEVER, NEVER]]
    assert kept.codes.tolist() == [[1, 3, 6, 7], [0, 7, 7, 7]]


@given(st.integers(0, 2**32), st.integers(1, 5), st.sampled_from([1, 3, 7, 15, 31, 200]))
def test_codes_are_the_same(seed, most, largest):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, NEVER + 1, (4, most))
    places = rng.integers(0, most, (4, largest))
    thresholds = np.sort(np.take_along_axis(values, places, axis=1), axis=1)
    kept = distinct_thresholds(thresholds, 6, 3)
    totals = np.arange(NEVER)
    reached = (totals[:, None, None] >= kept.thresholds).sum(axis=2)
    codes = kept.codes[np.arange(4), reached]
    assert np.array_equal(codes, (totals[:, None, None] >= thresholds).sum(axis=2))


def test_codes_of_many_bits():
    row = np.arange(2**16 - 1) // 4
    kept = distinct_thresholds(np.stack([row, row]), 16, 14)
    assert kept.thresholds.shape == (2, 2**14 - 1)
    assert np.array_equal(kept.codes[1], np.minimum(4 * np.arange(2**14) + 4, 2**16 - 1))
