import re

import numpy as np
import pytest

from threefold.errors import NetworkError
from threefold.network import Codes, Integers, MaxPool, SumPool, Tensor

IMAGE = Tensor((8, 9, 4), Codes(15, 2, -3))


def test_the_maximum_keeps_the_type():
    pool = MaxPool([2, np.int64(3)], (2, 3))
    assert (pool.kernel, pool.stride, pool.padding) == ((2, 3), (2, 3), (0, 0, 0, 0))
    assert pool.infer(IMAGE) == Tensor((4, 3, 4), IMAGE.element)
    assert pool.attributes() == {"kernel": [2, 3], "stride": [2, 3], "padding": [0, 0, 0, 0]}


def test_the_sum_is_of_values():
    pool = SumPool((2, 3), (2, 1))
    assert pool.infer(IMAGE) == Tensor((4, 7, 4), Codes(6 * 15, 2, 6 * -3))
    assert pool.attributes() == {"kernel": [2, 3], "stride": [2, 1]}


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "expected"),
    [
        ((32, 32), (1, 1), (2, 2), (0, 0, 0, 0), (16, 16)),
        ((7, 7), (3, 3), (2, 2), (1, 1, 1, 1), (4, 4)),
        ((7, 7), (2, 2), (2, 2), (0, 0, 1, 0), (4, 3)),
        ((1, 49), (1, 4), (1, 4), (0, 0, 0, 3), (1, 13)),
        ((5, 6), (5, 6), (5, 6), (0, 0, 0, 0), (1, 1)),
    ],
)
def test_output_size(size, kernel, stride, padding, expected):
    pool = MaxPool(kernel, stride, padding)
    assert pool.infer(Tensor((*size, 3), Codes.bipolar())).shape == (*expected, 3)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"kernel": 2}, "kernel must be 2 integers of 1…65536, not 2"),
        ({"kernel": (0, 2)}, "kernel must be 2 integers of 1…65536, not (0, 2)"),
        ({"kernel": (2, 2.0)}, "kernel must be 2 integers of 1…65536, not (2, 2.0)"),
        ({"stride": None}, "stride must be 2 integers of 1…65536, not None"),
        ({"stride": (1, 2**16 + 1)}, "stride must be 2 integers of 1…65536, not (1, 65537)"),
    ],
)
@pytest.mark.parametrize("pool", [MaxPool, SumPool])
def test_other_parameters_are_refused(pool, parameters, message):
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        pool(**{"kernel": (2, 2), "stride": (2, 2), **parameters})


@pytest.mark.parametrize(
    ("padding", "message"),
    [
        ((1, 1), "padding must be 4 integers of 0…65536, not (1, 1)"),
        ((0, 0, 0, -1), "padding must be 4 integers of 0…65536, not (0, 0, 0, -1)"),
        ((0, 0, 2, 0), "padding must be smaller than the 2×3 kernel, not (0, 0, 2, 0)"),
        ((0, 3, 0, 0), "padding must be smaller than the 2×3 kernel, not (0, 3, 0, 0)"),
    ],
)
def test_padding_is_smaller_than_the_kernel(padding, message):
    assert MaxPool((2, 3), (1, 1), (1, 2, 1, 2)).padding == (1, 2, 1, 2)
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        MaxPool((2, 3), (1, 1), padding)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 9, 4), "a 2×3 kernel does not fit into 1×9 pixels"),
        ((8, 2, 4), "a 2×3 kernel does not fit into 8×2 pixels"),
    ],
)
@pytest.mark.parametrize("pool", [MaxPool, SumPool])
def test_maps_that_are_too_small_are_refused(pool, shape, message):
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        pool((2, 3), (3, 1)).infer(Tensor(shape, Codes(3)))


@pytest.mark.parametrize("pool", [MaxPool, SumPool])
def test_a_stride_beyond_the_map_is_never_taken(pool):
    assert pool((2, 3), (3, 9)).infer(Tensor((2, 9, 4), Codes(3))).shape == (1, 1, 4)


@pytest.mark.parametrize("pool", [MaxPool, SumPool])
def test_accumulators_are_refused(pool):
    message = "pooling reads codes, not integers 0…9; put a Threshold before it"
    with pytest.raises(NetworkError, match=f"^{message}$"):
        pool((1, 1), (1, 1)).infer(Tensor((1, 1, 1), Integers(0, 9)))


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (
            Codes(16384),
            "sums of codes up to 65536 need 17 bits, but codes have at most 16; "
            "add fewer or smaller codes",
        ),
        (
            Codes(2, 2**28),
            "sums of values 0…2147483648 must fit 32 bits; add fewer or smaller values",
        ),
        (
            Codes(2, 1, -(2**29) - 1),
            "sums of values -2147483652…-2147483644 must fit 32 bits; add fewer or smaller values",
        ),
        (
            Codes(2, 1, 2**29),
            "sums of values 2147483648…2147483656 must fit 32 bits; add fewer or smaller values",
        ),
    ],
)
def test_sums_that_grow_too_large_are_refused(codes, message):
    image = Tensor((2, 2, 1), codes)
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        SumPool((2, 2), (2, 2)).infer(image)
    assert MaxPool((2, 2), (2, 2)).infer(image).element == codes


def test_sums_use_all_16_bits():
    assert SumPool((3, 5), (1, 1)).infer(Tensor((3, 5, 1), Codes(4369))).element == Codes(65535)


def test_padding_does_not_make_a_map_without_bounds():
    message = "a map and its padding hold at most 16777216 elements, not 4294967296; pad less"
    pool = MaxPool((2**16, 2**16), (1, 1), (2**16 - 1, 2**16 - 1, 0, 0))
    with pytest.raises(NetworkError, match=f"^{message}$"):
        pool.infer(Tensor((1, 1, 1), Codes(1)))
