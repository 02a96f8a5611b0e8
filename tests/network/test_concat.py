import re

import pytest

from threefold.errors import NetworkError
from threefold.network import Codes, Concat, Integers, Network, Node, Tensor


def test_channels_are_side_by_side():
    codes = Codes.signed(3)
    a, b = Tensor((4, 5, 6), codes), Tensor((4, 5, 1), codes)
    assert Concat().infer(a, b) == Tensor((4, 5, 7), codes)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (
            Tensor((5, 4, 6), Codes(3)),
            "maps of different sizes cannot be concatenated: 4×5×6 codes 0…3 and 5×4×6 codes 0…3",
        ),
        (
            Tensor((4, 5, 6), Codes(7)),
            "channels of different types cannot be concatenated: codes 0…3 and codes 0…7; "
            "give them the same codes",
        ),
        (
            Tensor((4, 5, 6), Codes(3, 1, -1)),
            "channels of different types cannot be concatenated: codes 0…3 and "
            "codes 0…3 = -1…2; give them the same codes",
        ),
        (
            Tensor((4, 5, 6), Integers(0, 3)),
            "a concatenation reads codes, not integers 0…3; put a Threshold before it",
        ),
    ],
)
def test_other_inputs_are_refused(tensor, message):
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        Concat().infer(Tensor((4, 5, 6), Codes(3)), tensor)


def test_the_first_input_is_codes_too():
    message = "a concatenation reads codes, not integers 0…3; put a Threshold before it"
    with pytest.raises(NetworkError, match=f"^{message}$"):
        Concat().infer(Tensor((1, 1, 1), Integers(0, 3)), Tensor((1, 1, 1), Codes(3)))


def test_it_takes_two_inputs():
    with pytest.raises(NetworkError, match=r"^node 'a' takes 2 input\(s\), not 3$"):
        Network("net", Tensor((1, 1, 1), Codes(1)), [Node("a", Concat(), ["input"] * 3)])
