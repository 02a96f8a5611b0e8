import re

import numpy as np
import pytest

from threefold.errors import NetworkError
from threefold.network import ArgMax, Codes, Integers, Logits, Tensor

SUMS = Tensor((1, 1, 3), Integers(-9, 9))


def test_logits_shift_the_bounds():
    assert Logits([1, -2, 3]).infer(SUMS) == Tensor((1, 1, 3), Integers(-11, 12))


def test_arg_max_gives_the_index_of_a_channel():
    assert ArgMax().infer(SUMS) == Tensor((1, 1, 1), Codes(2))
    assert ArgMax().infer(Tensor((2, 3, 10), Integers(0, 1))) == Tensor((2, 3, 1), Codes(9))


@pytest.mark.parametrize(
    ("bias", "message"),
    [
        ([2**31], f"biases must fit 32 bits, not {2**31}…{2**31}"),
        ([-(2**63), 1], f"biases must fit 32 bits, not {-(2**63)}…1"),
        ([0.5], "biases must be integers, not float64"),
        (np.zeros(0, int), "biases must be a non-empty 1-d array, not shape (0,)"),
    ],
)
def test_other_biases_are_refused(bias, message):
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        Logits(bias)


def test_biases_use_all_32_bits():
    assert Logits([-(2**31), 2**31 - 1]).bias.tolist() == [-(2**31), 2**31 - 1]


@pytest.mark.parametrize(
    ("op", "tensor", "message"),
    [
        (
            Logits([1, 2]),
            SUMS,
            "biases are given for 2 channels, but the input has 3",
        ),
        (
            Logits([1]),
            Tensor((1, 1, 1), Codes(1)),
            "logits reads accumulators, not codes 0…1; put a Conv before it",
        ),
        (
            ArgMax(),
            Tensor((1, 1, 2), Codes(1)),
            "arg-max reads accumulators, not codes 0…1; put a Conv before it",
        ),
        (
            ArgMax(),
            Tensor((1, 1, 1), Integers(0, 1)),
            "arg-max needs at least 2 channels to choose from, not 1",
        ),
        (
            ArgMax(),
            Tensor((1, 1, 2**16 + 1), Integers(0, 1)),
            "the largest code must be an integer of 1…65535, not 65536",
        ),
    ],
)
def test_inputs_that_do_not_fit_are_refused(op, tensor, message):
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        op.infer(tensor)
