import numpy as np
import pytest

from threefold.plan.sequential.weight_bytes import DENSITIES, densest, row_words, weight_bytes


def test_four_have_two_bits_each():
    assert weight_bytes(np.array([[1, -1, 0, 0, -1]], np.int8), 4).tolist() == [[0b1101, 0b11]]


def test_five_are_digits_to_base_3():
    assert weight_bytes(np.array([[1, -1, 0, 0, -1, 1]], np.int8), 5).tolist() == [
        [1 + 2 * 3 + 2 * 81, 1]
    ]


@pytest.mark.parametrize("per_byte", DENSITIES)
def test_no_two_rows_have_the_same_bytes(per_byte):
    digits = np.arange(3**7)[:, None] // 3 ** np.arange(7) % 3 - 1
    packed = weight_bytes(digits.astype(np.int8), per_byte)
    assert packed.dtype == np.uint8
    assert packed.shape == (3**7, 2)
    assert len({row.tobytes() for row in packed}) == 3**7


def test_five_where_rows_are_shorter_by_it():
    assert densest(512, 32) == 5
    assert [row_words(512, each, 32) for each in DENSITIES] == [32, 26]
    assert densest(16, 32) == 4  # a word more or less, whichever they are
    assert densest(64, 128) == 4
