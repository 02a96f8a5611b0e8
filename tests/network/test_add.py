import re

import pytest

from threefold.errors import NetworkError
from threefold.network import Add, Codes, Integers, Network, Node, Tensor

SHAPE = (4, 5, 6)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (Codes(15), Codes(15), Codes(30)),
        (Codes.unsigned(4), Codes.signed(4), Codes(30, offset=-8)),
        (Codes(3, 2, -1), Codes(1, 2, 5), Codes(4, 2, 4)),
        (Codes.bipolar(), Codes.bipolar(), Codes(2, 2, -2)),
        (Codes(2**16 - 2), Codes(1), Codes(2**16 - 1)),
    ],
    ids=str,
)
def test_the_sum_is_of_values(a, b, expected):
    assert Add().infer(Tensor(SHAPE, a), Tensor(SHAPE, b)) == Tensor(SHAPE, expected)


def test_a_branch_may_be_added_to_itself():
    nodes = [Node("double", Add(), ["input", "input"])]
    network = Network("net", Tensor(SHAPE, Codes(3, 2)), nodes)
    assert network.types["double"].element == Codes(6, 2)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (
            Tensor(SHAPE, Codes(3)),
            Tensor((4, 5, 3), Codes(3)),
            "residuals of different shapes cannot be added: 4×5×6 codes 0…3 and 4×5×3 codes 0…3",
        ),
        (
            Tensor(SHAPE, Codes(3)),
            Tensor(SHAPE, Codes(3, 2)),
            "residuals of different types cannot be added: codes 0…3 and codes 0…3 = 0…6 by 2; "
            "give them one step",
        ),
        (
            Tensor(SHAPE, Codes(3)),
            Tensor(SHAPE, Integers(0, 3)),
            "an addition reads codes, not integers 0…3; put a Threshold before it",
        ),
        (
            Tensor(SHAPE, Integers(0, 3)),
            Tensor(SHAPE, Codes(3)),
            "an addition reads codes, not integers 0…3; put a Threshold before it",
        ),
        (
            Tensor(SHAPE, Codes(2**16 - 1)),
            Tensor(SHAPE, Codes(1)),
            "sums of codes up to 65536 need 17 bits, but codes have at most 16; "
            "add fewer or smaller codes",
        ),
        (
            Tensor(SHAPE, Codes(1, 1, -(2**31))),
            Tensor(SHAPE, Codes(1, 1, -5)),
            "sums of values -2147483653…-2147483651 must fit 32 bits; add fewer or smaller values",
        ),
    ],
)
def test_other_inputs_are_refused(a, b, message):
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        Add().infer(a, b)


def test_it_takes_two_inputs():
    with pytest.raises(NetworkError, match=r"^node 'a' takes 2 input\(s\), not 1$"):
        Network("net", Tensor(SHAPE, Codes(1)), [Node("a", Add(), ["input"])])
