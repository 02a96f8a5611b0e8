import re

import numpy as np
import pytest

from threefold.errors import NetworkError
from threefold.network.check import as_integer, as_integers, frozen_integers

NOT_INTEGERS = [True, np.True_, 1.0, np.float64(1), "1", None, [1], np.array(1), 10**100]


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3)])
def test_integers_become_python_integers(value):
    assert type(as_integer(value, "it", 0, 9)) is int
    assert as_integers([value, value], "they", 2, 3, 3) == (3, 3)


@pytest.mark.parametrize("value", [*NOT_INTEGERS, 0, 10])
def test_what_is_no_integer_in_bounds_is_refused(value):
    with pytest.raises(NetworkError, match=r"^it must be an integer of 1…9, not .+$"):
        as_integer(value, "it", 1, 9)
    with pytest.raises(NetworkError, match=r"^they must be 2 integers of 1…9, not .+$"):
        as_integers((1, value), "they", 2, 1, 9)


@pytest.mark.parametrize("values", [(1,), (1, 2, 3), "12", 12, None, {1: 2, 2: 1}, {1, 2}])
def test_other_collections_are_refused(values):
    message = f"they must be 2 integers of 1…9, not {values!r}"
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        as_integers(values, "they", 2, 1, 9)


def test_long_values_are_shortened_in_messages():
    with pytest.raises(NetworkError) as caught:
        as_integer("x" * 10**6, "it", 1, 9)
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.int64, np.uint64, ">i4"])
def test_arrays_are_copied_and_frozen(dtype):
    given = np.ones((2, 3), dtype)
    frozen = frozen_integers(given, "weights", ndim=2)
    given[:] = 0
    assert frozen.dtype == np.int64
    assert frozen.sum() == 6
    with pytest.raises(ValueError, match="read-only"):
        frozen[0, 0] = 5


@pytest.mark.parametrize(
    ("array", "message"),
    [
        ([[0.5]], "weights must be integers, not float64"),
        ([["a"]], "weights must be integers, not <U1"),
        ([[None]], "weights must be integers, not object"),
        ([[10**30]], "weights must be integers, not object"),
        ([1, 2], "weights must be a non-empty 2-d array, not shape (2,)"),
        (np.zeros((0, 3), int), "weights must be a non-empty 2-d array, not shape (0, 3)"),
        ([[1], [2, 3]], "weights must be an array, not rows of different lengths"),
        ([[-129, 5]], "weights must fit int8, not -129…5"),
        (np.array([[2**64 - 1]], np.uint64), f"weights must fit int8, not {2**64 - 1}…{2**64 - 1}"),
    ],
)
def test_other_arrays_are_refused(array, message):
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        frozen_integers(array, "weights", ndim=2, dtype=np.int8)


def test_unsigned_integers_beyond_64_bits_do_not_wrap():
    with pytest.raises(NetworkError, match=rf"^thresholds must fit int64, not {2**63}…{2**63}$"):
        frozen_integers(np.array([2**63], np.uint64), "thresholds", ndim=1)
