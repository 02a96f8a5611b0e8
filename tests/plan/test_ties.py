import numpy as np
import pytest

from threefold.network import ArgMax, Codes, Conv, Dense, Logits, Network, Tensor, Threshold
from threefold.plan.ties import Ties

SOURCE = Tensor((3, 3, 2), Codes.unsigned(2))


def conv(filters, depth, groups=1):
    return Conv(np.ones((filters, 1, 1, depth), int), groups=groups)


def act(channels):
    return Threshold(np.zeros((channels, 1), int))


def chain(*ops):
    return Ties(Network.chain("net", SOURCE, list(ops)))


def test_a_chain():
    ties = chain(
        ("a", conv(4, 2)),
        ("act_a", act(4)),
        ("b", conv(6, 4)),
        ("act_b", act(6)),
        ("fc", Dense(np.ones((3, 54), int), (3, 3, 6))),
        ("logits", Logits([0, 0, 0])),
    )
    assert ties.orders == {"a": 4, "b": 6}
    assert ties.free == {"a": "a", "b": "b"}
    first, second = (("a", 0),), (("b", 0),)
    assert ties.places == {
        "input": (),
        "a": first,
        "act_a": first,
        "b": second,
        "act_b": second,
        "fc": (),
        "logits": (),
    }


def test_arg_max_and_the_output_fix():
    ends = [("class", ArgMax())], [("logits", Logits([0, 0]))], []
    assert [chain(("a", conv(2, 2)), *end).orders for end in ends] == [{}, {}, {}]


def test_depthwise_follows_its_input():
    ties = chain(
        ("a", conv(4, 2)),
        ("act_a", act(4)),
        ("dw", conv(4, 1, groups=4)),
        ("act_dw", act(4)),
        ("b", conv(2, 4)),
    )
    assert (ties.orders, ties.free) == ({"a": 4}, {"a": "a"})
    assert ties.places["act_dw"] == ties.places["dw"] == (("a", 0),)


@pytest.mark.parametrize(("filters", "groups"), [(4, 2), (8, 4)])
def test_other_groups_keep_the_order(filters, groups):
    grouped = conv(filters, 4 // groups, groups)
    ops = [("a", conv(4, 2)), ("act_a", act(4)), ("grouped", grouped), ("act", act(filters))]
    ties = chain(*ops, ("b", conv(2, filters)))
    assert (ties.orders, ties.free, set(ties.places.values())) == ({}, {}, {()})
