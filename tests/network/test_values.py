import numpy as np
import pytest

from threefold.errors import NetworkError
from threefold.network import Codes, Conv, Dense, Integers, Sums, Tensor, Threshold, Values

CODES = Codes(3, step=2, offset=-1)
MAP = Tensor((2, 2, 2), CODES)
SUMS = Sums(Dense([[1, 1], [0, -1]]), CODES)
ACCUMULATORS = Values(node="x", type=Tensor((1, 1, 2), Integers(-5, 10)), sums=SUMS)


def test_bounds_are_those_of_each_filter_or_of_all_codes():
    values = Values(node="x", type=MAP)
    assert values.channels == 2
    assert [ends.tolist() for ends in values.bounds()] == [[-1, -1], [5, 5]]
    assert [ends.tolist() for ends in ACCUMULATORS.bounds()] == [[-2, -5], [10, 1]]


def test_filters_are_negated():
    negated = SUMS.negated(np.array([True, False]))
    assert negated.conv == Dense([[-1, -1], [0, -1]])
    assert negated.codes == CODES
    assert SUMS.conv == Dense([[1, 1], [0, -1]])


def rising_and_falling(values):
    return np.stack([values[:, 0] >= 4, values[:, 1] <= -3], axis=1).astype(np.int64)


def test_filters_that_fall_are_negated():
    values, threshold, falling = ACCUMULATORS.requantized(rising_and_falling, Codes.bipolar())
    assert falling.tolist() == [False, True]
    assert values.sums.conv == Dense([[1, 1], [0, 1]])
    assert threshold == Threshold([[4], [3]], 2, -1)
    assert (values.node, values.type) == ("x", ACCUMULATORS.type)


def test_codes_stay_as_they_are():
    values = Values(node="x", type=MAP)
    same, threshold, falling = values.requantized(rising_and_falling, Codes(1))
    assert same is values
    assert falling.tolist() == [False, False]
    assert threshold.thresholds.tolist() == [[4], [6]]


def test_channels_that_are_negated_in_any_case():
    constant = np.array([False, True])
    values, threshold, falling = ACCUMULATORS.requantized(
        lambda values: (values >= [4, -6]).astype(np.int64), Codes(1), constant
    )
    assert falling.tolist() == [False, True]
    assert values.sums.conv == Conv([[[[1, 1]]], [[[0, 1]]]])
    assert threshold.thresholds.tolist() == [[4], [-1]]
    with pytest.raises(NetworkError, match=r"^channel 0 rises, but falls at another width; give"):
        ACCUMULATORS.requantized(rising_and_falling, Codes(1), ~constant)
