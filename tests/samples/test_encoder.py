import math
import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.errors import DataError
from threefold.network import Codes
from threefold.samples import Encoder

FINITE = st.floats(-1e150, 1e150)


def code_of(value, offset, gain, codes):
    """The definition, in fractions: two roundings to double, and everything else exact."""
    scaled = Fraction((value - offset) * gain)
    return min(max(math.floor(scaled + Fraction(1, 2)), codes.lo), codes.hi) - codes.lo


@given(FINITE, st.floats(-1e10, 1e10), st.floats(0, 1e10), st.integers(1, 8), st.booleans())
def test_codes_are_what_the_definition_says(value, offset, gain, bits, signed):
    codes = Codes.signed(bits) if signed else Codes.unsigned(bits)
    encoder = Encoder((offset,), (gain,), codes)
    got = encoder.encode(np.array([[value]]))
    assert got.dtype == np.uint8
    assert got.item() == code_of(value, offset, gain, codes)


@given(st.integers(-300, 300), st.integers(-2, 2))
def test_codes_beside_the_halves(half, steps):
    value = half + 0.5
    for _ in range(abs(steps)):
        value = math.nextafter(value, math.copysign(math.inf, steps))
    codes = Codes.signed(8)
    got = Encoder((0.0,), (1.0,), codes).encode(np.array([[value]]))
    assert got.item() == code_of(value, 0.0, 1.0, codes)


def test_the_largest_number_below_a_half():
    # floor(x + 0.5) in double precision makes it 1.
    encoder = Encoder((0.0,), (1.0,), Codes.unsigned(8))
    assert encoder.encode(np.array([[0.49999999999999994], [0.5]])).tolist() == [[0], [1]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("count", [3, 4000])
def test_integers_are_looked_up(dtype, count):
    values = np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, (count, 4, 5, 2), dtype)
    encoder = Encoder((1.5, 7.0), (0.3, 0.01), Codes.signed(6))
    assert np.array_equal(encoder.encode(values), encoder.encode(values.astype(float)))


def test_standard_scores():
    values = np.array([1.0, 2, 3, 6, 8]).reshape(5, 1, 1, 1)
    encoder = Encoder.standard(values, 8)
    assert encoder.codes == Codes.signed(8)
    deviation = np.std([1, 2, 3, 6, 8])
    assert encoder.offset == (4.0,)
    assert encoder.gain == (pytest.approx(32 / deviation),)
    edges = np.array([4, 4 - 5 * deviation, 4 + 5 * deviation]).reshape(3, 1)
    assert encoder.encode(edges).ravel().tolist() == [128, 0, 255]


def test_order_of_samples_changes_nothing():
    values = np.random.default_rng(0).normal(1e6, 1, (1000, 1, 1, 3))
    assert Encoder.standard(values, 8) == Encoder.standard(values[::-1], 8)


@pytest.mark.parametrize("values", [[7.0, 7.0], [0.1, 0.1, 0.1], [0.0, 5e-324]])
def test_channels_that_never_change(values):
    encoder = Encoder.standard(np.array(values).reshape(-1, 1, 1, 1), 8)
    assert encoder.gain == (0.0,)
    assert encoder.encode(np.array([[values[0]], [1e9]])).tolist() == [[128], [128]]


@pytest.mark.parametrize("bits", range(1, 9))
def test_pixels_of_fewer_bits(bits):
    encoder = Encoder.between(0, 255, 1, bits)
    codes = encoder.encode(np.arange(256, dtype=np.uint8)[:, None])[:, 0].astype(int)
    assert codes[0] == 0
    assert codes[-1] == 2**bits - 1
    assert (np.diff(codes) >= 0).all()
    assert np.array_equal(codes, np.arange(256)) == (bits == 8)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Encoder.standard(np.ones((2, 1, 1, 1)), 1),
            "input codes of features have 2…8 bits, not 1",
        ),
        (lambda: Encoder.between(0, 1, 1, 9), "input codes of images have 1…8 bits, not 9"),
        (lambda: Encoder.between(3, 3, 1, 8), "all values are 3, from which nothing is learned"),
        (
            lambda: Encoder.between(0, 5e-324, 1, 8),
            "values 0…4.94066e-324 are too close to each other; scale them",
        ),
        (
            lambda: Encoder((math.nan,), (1.0,), Codes(1)),
            "offset must be finite numbers, one for each channel",
        ),
        (
            lambda: Encoder((0.0,), ("1",), Codes(1)),
            "gain must be finite numbers, one for each channel",
        ),
        (
            lambda: Encoder((0.0,), (1.0, 2.0), Codes(1)),
            "1 offsets need as many gains, at least 0, not (1.0, 2.0)",
        ),
        (
            lambda: Encoder((0.0,), (-1.0,), Codes(1)),
            "1 offsets need as many gains, at least 0, not (-1.0,)",
        ),
        (
            lambda: Encoder((0.0,), (1.0,), Codes.bipolar()),
            "codes of an encoder have step 1, not 2",
        ),
    ],
)
def test_refused(make, message):
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        make()
