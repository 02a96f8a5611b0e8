import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.errors import NetworkError
from threefold.network import Codes, Integers, Tensor

from ..strategies import any_codes


@pytest.mark.parametrize(
    ("codes", "lo", "hi", "bits", "zero_code", "text"),
    [
        (Codes.unsigned(4), 0, 15, 4, 0, "codes 0…15"),
        (Codes.signed(8), -128, 127, 8, 128, "codes 0…255 = -128…127"),
        (Codes.ternary(), -1, 1, 2, 1, "codes 0…2 = -1…1"),
        (Codes.bipolar(), -1, 1, 1, None, "codes 0…1 = -1…1 by 2"),
        (Codes(5, 3, -6), -6, 9, 3, 2, "codes 0…5 = -6…9 by 3"),
        (Codes(5, 1, 7), 7, 12, 3, None, "codes 0…5 = 7…12"),
        (Codes(5, 1, -7), -7, -2, 3, None, "codes 0…5 = -7…-2"),
        (Codes(2**16 - 1), 0, 2**16 - 1, 16, 0, "codes 0…65535"),
    ],
)
def test_codes(codes, lo, hi, bits, zero_code, text):
    assert (codes.lo, codes.hi, codes.bits, codes.zero_code) == (lo, hi, bits, zero_code)
    assert str(codes) == text


@given(any_codes())
def test_zero_code_is_the_code_that_means_0(codes):
    values = {codes.step * code + codes.offset: code for code in range(codes.max_code + 1)}
    assert codes.zero_code == values.get(0)
    assert (codes.lo, codes.hi) == (min(values), max(values))


@given(st.integers(1, 2**16 - 1))
def test_bits_hold_every_code_and_no_fewer_do(max_code):
    bits = Codes(max_code).bits
    assert 2 ** (bits - 1) <= max_code < 2**bits


def test_numpy_integers_become_python_integers():
    codes = Codes(np.int64(3), np.int32(2), np.int8(-2))
    tensor = Tensor([np.int64(1), 2, 3], codes)
    assert codes == Codes(3, 2, -2)
    assert tensor == Tensor((1, 2, 3), codes)
    assert {type(codes.max_code), type(codes.step), type(tensor.shape[0])} == {int}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ((0,), "the largest code must be an integer of 1…65535, not 0"),
        ((2**16,), "the largest code must be an integer of 1…65535, not 65536"),
        ((True,), "the largest code must be an integer of 1…65535, not True"),
        ((1, 0), "the step between codes must be an integer of 1…2147483647, not 0"),
        ((1, 1.0), "the step between codes must be an integer of 1…2147483647, not 1.0"),
        ((1, 1, "0"), "the value of code 0 must be an integer of -2147483648…2147483647, not '0'"),
        ((2, 2**30, 0), "values of codes must fit 32 bits, not 2147483648"),
    ],
)
def test_other_codes_are_refused(parameters, message):
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        Codes(*parameters)


def test_integers():
    assert str(Integers(-3, 4)) == "integers -3…4"
    assert Integers(5, 5).hi == 5


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ((1, 0), "integers need lo <= hi, not 1 > 0"),
        ((0.0, 1), f"the bound 'lo' must be an integer of -{2**62}…{2**62}, not 0.0"),
        ((0, 2**63), f"the bound 'hi' must be an integer of -{2**62}…{2**62}, not {2**63}"),
    ],
)
def test_other_integers_are_refused(bounds, message):
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        Integers(*bounds)


def test_tensor():
    tensor = Tensor((4, 5, 6), Codes.unsigned(2))
    assert tensor.size == 120
    assert str(tensor) == "4×5×6 codes 0…3"


@pytest.mark.parametrize("shape", [(1, 2), (1, 2, 3, 4), (1, 0, 2), (1, 2, 1.5), "123", 3, None])
def test_other_shapes_are_refused(shape):
    message = f"height, width and channels must be 3 integers of 1…16777216, not {shape!r}"
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        Tensor(shape, Codes.unsigned(2))


def test_a_tensor_is_of_bounded_size():
    assert Tensor((4096, 4096, 1), Codes.unsigned(1)).size == 2**24
    with pytest.raises(
        NetworkError, match=r"^a tensor holds at most 16777216 elements, not 16781312$"
    ):
        Tensor((4096, 4097, 1), Codes.unsigned(1))


def test_elements_are_codes_or_integers():
    with pytest.raises(
        NetworkError, match=r"^elements of a tensor are Codes or Integers, not 'codes'$"
    ):
        Tensor((1, 1, 1), "codes")


def test_codes_of_a_tensor():
    assert Tensor((1, 1, 3), Codes.ternary()).codes == Codes.ternary()
    message = "elements of a tensor must be codes here, not integers -3…4"
    with pytest.raises(NetworkError, match=f"^{message}$"):
        Tensor((1, 1, 3), Integers(-3, 4)).codes  # noqa: B018


def test_values_of_codes():
    assert Codes(3, step=2, offset=-1).values.tolist() == [-1, 1, 3, 5]
