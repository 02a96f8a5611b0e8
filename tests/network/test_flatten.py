import pytest

from threefold.network import Codes, Flatten, Integers, Tensor


@pytest.mark.parametrize("element", [Codes.signed(3), Integers(-3, 9)], ids=str)
def test_a_map_becomes_a_vector(element):
    assert Flatten().infer(Tensor((4, 5, 6), element)) == Tensor((1, 1, 120), element)
