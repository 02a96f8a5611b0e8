import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from threefold.errors import NetworkError
from threefold.network import Codes, Conv, Dense, Integers, Network, Tensor
from threefold.sim.golden import run

from ..strategies import any_codes, convs

ONES = np.ones((2, 3, 3, 4), int)
IMAGE = Tensor((8, 9, 4), Codes.unsigned(4))


def test_a_convolution():
    conv = Conv(ONES, stride=[np.int64(2), 1], padding=(1, 0, 1, 0))
    assert (conv.filters, conv.stride, conv.padding) == (2, (2, 1), (1, 0, 1, 0))
    assert conv.matrix.shape == (2, 36)
    assert conv.macs_per_pixel == 72
    assert conv.weights.dtype == np.int8
    assert conv.infer(IMAGE) == Tensor((4, 7, 2), Integers(0, 36 * 15))


@pytest.mark.parametrize(
    ("bits", "dtype", "largest"),
    [(2, np.int8, 1), (3, np.int8, 3), (8, np.int8, 127), (9, np.int16, 255)],
)
def test_widths_of_weights(bits, dtype, largest):
    conv = Conv(ONES * [largest, 0, -largest, 1], bits=bits)
    assert (conv.weights.dtype, conv.digits, conv.ternary) == (dtype, bits - 1, bits == 2)
    assert conv.magnitudes.tolist() == [9 * (2 * largest + 1)] * 2
    assert [bound.tolist() for bound in conv.bounds(Codes.unsigned(4))] == [
        [-9 * largest * 15] * 2,
        [9 * (largest + 1) * 15] * 2,
    ]
    assert conv != Conv(conv.weights, bits=conv.MAX_BITS) or bits == conv.MAX_BITS
    assert Dense(conv.matrix, bits=bits).bits == bits


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "expected"),
    [
        ((8, 9), (3, 3), (1, 1), (1, 1, 1, 1), (8, 9)),
        ((8, 9), (3, 2), (2, 3), (0, 0, 0, 0), (3, 3)),
        ((8, 9), (2, 2), (2, 2), (0, 0, 0, 1), (4, 5)),
        ((1, 9), (1, 5), (1, 2), (0, 2, 0, 2), (1, 5)),
        ((3, 3), (3, 3), (3, 2), (0, 0, 0, 0), (1, 1)),
    ],
)
def test_output_size(size, kernel, stride, padding, expected):
    conv = Conv(np.ones((1, *kernel, 1), int), stride, padding)
    assert conv.infer(Tensor((*size, 1), Codes.ternary())).shape == (*expected, 1)


@st.composite
def convs_on_images(draw):
    shape = tuple(draw(st.integers(1, top)) for top in (5, 5, 4))
    tensor = Tensor(shape, draw(any_codes()))
    return draw(convs(tensor)), tensor


@given(convs_on_images())
def test_bounds_are_reached_by_the_extremal_input(example):
    conv, tensor = example
    conv = Conv(conv.weights, groups=conv.groups, bits=conv.bits)
    _, kernel_h, kernel_w, depth = conv.weights.shape
    patch = Tensor((kernel_h, kernel_w, tensor.shape[2]), tensor.element)
    network = Network.chain("one", patch, [("conv", conv)])
    lo, hi = conv.bounds(tensor.element)
    for row, filter in enumerate(conv.weights):
        start = row // (conv.filters // conv.groups) * depth
        largest = np.zeros((1, *patch.shape), int)
        largest[0, :, :, start : start + depth] = np.where(filter > 0, tensor.element.max_code, 0)
        smallest = np.zeros_like(largest)
        smallest[0, :, :, start : start + depth] = np.where(filter < 0, tensor.element.max_code, 0)
        assert run(network, largest)[0, 0, 0, row] == hi[row]
        assert run(network, smallest)[0, 0, 0, row] == lo[row]
    assert network.types["conv"].element == Integers(lo.min(), hi.max())


@given(convs_on_images(), st.randoms(use_true_random=False))
def test_no_input_exceeds_the_bounds(example, random):
    conv, tensor = example
    network = Network.chain("one", tensor, [("conv", conv)])
    images = np.array(
        [[random.randint(0, tensor.element.max_code) for _ in range(tensor.size)]]
    ).reshape(1, *tensor.shape)
    lo, hi = conv.bounds(tensor.element)
    sums = run(network, images)
    assert (lo <= sums).all()
    assert (sums <= hi).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"weights": ONES * 2},
            "weights must be -1, 0 or 1, not 2…2; ternarize first, or state bits=3",
        ),
        (
            {"weights": ONES * -128},
            "weights must be -1, 0 or 1, not -128…-128; ternarize first, or state bits=9",
        ),
        ({"weights": ONES * 300}, "weights must fit int8, not 300…300"),
        ({"weights": ONES * 2, "bits": 1}, "bits must be an integer of 2…9, not 1"),
        ({"weights": ONES * 2, "bits": 10}, "bits must be an integer of 2…9, not 10"),
        ({"weights": ONES * 2, "bits": 3.0}, "bits must be an integer of 2…9, not 3.0"),
        (
            {"weights": ONES * -8, "bits": 4},
            "weights must be -7…7 with bits=4, not -8…-8; state bits=5",
        ),
        (
            {"weights": ONES * 256, "bits": 9},
            "weights must be -255…255 with bits=9, not 256…256; scale them to at most 9 bits",
        ),
        ({"weights": ONES * 0.5}, "weights must be integers, not float64"),
        ({"weights": ONES[0]}, "weights must be a non-empty 4-d array, not shape (3, 3, 4)"),
        ({"stride": (0, 1)}, "stride must be 2 integers of 1…65536, not (0, 1)"),
        ({"stride": 2}, "stride must be 2 integers of 1…65536, not 2"),
        ({"stride": "22"}, "stride must be 2 integers of 1…65536, not '22'"),
        ({"stride": (1.0, 1)}, "stride must be 2 integers of 1…65536, not (1.0, 1)"),
        ({"stride": (True, 1)}, "stride must be 2 integers of 1…65536, not (True, 1)"),
        ({"padding": (1, 1)}, "padding must be 4 integers of 0…65536, not (1, 1)"),
        (
            {"padding": (0, -1, 0, 0)},
            "padding must be 4 integers of 0…65536, not (0, -1, 0, 0)",
        ),
        ({"groups": 0}, "groups must be an integer of 1…2, not 0"),
        ({"groups": 3}, "groups must be an integer of 1…2, not 3"),
        ({"groups": 1.0}, "groups must be an integer of 1…2, not 1.0"),
        (
            {"weights": np.ones((3, 3, 3, 4), int), "groups": 2},
            "groups must divide 3 filters, not 2",
        ),
    ],
)
def test_other_parameters_are_refused(parameters, message):
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        Conv(**{"weights": ONES, **parameters})


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (
            Tensor((8, 8, 4), Integers(0, 9)),
            "a convolution reads codes, not integers 0…9; put a Threshold before it",
        ),
        (
            Tensor((8, 8, 3), Codes.unsigned(4)),
            "weights read 4 channels, but the input has 3",
        ),
        (
            Tensor((8, 8, 4), Codes.bipolar()),
            "no code of codes 0…1 = -1…1 by 2 means 0, so padding has nothing to supply",
        ),
        (
            Tensor((1, 8, 4), Codes.unsigned(4)),
            "a 3×3 kernel does not fit into 1×8 pixels",
        ),
        (
            Tensor((8, 2, 4), Codes.unsigned(4)),
            "a 3×3 kernel does not fit into 8×2 pixels",
        ),
    ],
)
def test_inputs_that_do_not_fit_are_refused(tensor, message):
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        Conv(ONES, padding=(1, 0, 0, 0)).infer(tensor)


@pytest.mark.parametrize(
    ("shape", "kernel", "stride", "padding"),
    [
        ((1, 16), (1, 3), (2, 2), (0, 0, 0, 0)),
        ((1, 1), (3, 3), (2, 2), (1, 1, 1, 1)),
        ((5, 4), (2, 3), (9, 7), (0, 0, 0, 0)),
        ((1, 1), (3, 3), (2, 2), (2, 2, 2, 2)),
        ((4, 4), (1, 1), (1, 1), (1, 1, 1, 1)),
        ((3, 3), (2, 2), (1, 1), (0, 0, 2, 2)),
        ((2, 3), (2, 1), (2, 4), (5, 0, 0, 3)),
    ],
)
def test_strides_beyond_the_map_and_windows_of_padding_are_those_of_pytorch(
    shape, kernel, stride, padding
):
    rng = np.random.default_rng(0)
    weights = rng.integers(-1, 2, (3, *kernel, 2))
    conv = Conv(weights, stride, padding)
    network = Network.chain("one", Tensor((*shape, 2), Codes.unsigned(2)), [("conv", conv)])
    images = rng.integers(0, 4, (5, *shape, 2))
    top, left, bottom, right = padding
    maps = functional.pad(torch.tensor(images.transpose(0, 3, 1, 2)), (left, right, top, bottom))
    sums = functional.conv2d(
        maps.double(), torch.tensor(weights.transpose(0, 3, 1, 2)).double(), stride=stride
    )
    assert network.types["conv"].shape == (*sums.shape[2:], 3)
    assert np.array_equal(run(network, images), sums.permute(0, 2, 3, 1).numpy())


def test_groups_divide_the_channels():
    conv = Conv(ONES[..., :1], groups=2)
    with pytest.raises(NetworkError, match=r"^groups must divide 3 input channels, not 2$"):
        conv.infer(Tensor((8, 8, 3), Codes.unsigned(4)))
    with pytest.raises(NetworkError, match=r"^weights read 2 channels, but the input has 4$"):
        conv.infer(IMAGE)


def test_sums_are_exact_in_doubles():
    wide = Tensor((1, 1, 2**22), Codes(2, 2**30, -(2**31)))
    message = (
        "sums over codes 0…2 = -2147483648…0 by 1073741824 need more than 53 bits; "
        "use smaller values"
    )
    with pytest.raises(NetworkError, match=f"^{message}$"):
        Dense(np.ones((1, 2**22), np.int8)).infer(wide)


def test_output_is_of_bounded_size():
    tensor = Tensor((2**12, 2**12, 1), Codes.unsigned(1))
    message = "a tensor holds at most 16777216 elements, not 33554432"
    with pytest.raises(NetworkError, match=f"^{message}$"):
        Conv(np.ones((2, 1, 1, 1), int)).infer(tensor)


def test_dense_reads_the_whole_input():
    assert Dense([[1, 0, -1]]).weights.shape == (1, 1, 1, 3)
    dense = Dense(np.eye(4, 24, dtype=int), shape=(2, 3, 4))
    assert dense.infer(Tensor((2, 3, 4), Codes.unsigned(1))) == Tensor((1, 1, 4), Integers(0, 1))


def test_dense_covers_its_input():
    with pytest.raises(
        NetworkError, match=r"^weights have 3 columns, which do not cover \(1, 2, 2\)$"
    ):
        Dense([[1, 0, 1]], shape=(1, 2, 2))
    with pytest.raises(
        NetworkError, match=r"^weights must be a non-empty 2-d array, not shape \(3,\)$"
    ):
        Dense([1, 0, 1])
