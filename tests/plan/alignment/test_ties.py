import numpy as np
import pytest

from threefold.network import (
    INPUT,
    Add,
    ArgMax,
    Codes,
    Concat,
    Conv,
    Dense,
    Flatten,
    Logits,
    MaxPool,
    Network,
    Node,
    PadChannels,
    Tensor,
    Threshold,
)
from threefold.plan.alignment.ties import Ties

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


def graph(*nodes):
    """Nodes given as name, operation and inputs, and a dense layer behind the last of them."""
    network = Network("net", SOURCE, [Node(name, op, inputs) for name, op, *inputs in nodes])
    last = network.output.name
    dense = Node(
        "fc", Dense(np.ones((2, network.types[last].size), int), network.types[last].shape), [last]
    )
    return Ties(Network("net", SOURCE, [*network.nodes, dense]))


def branch(name, source=INPUT, channels=2, filters=4):
    return (f"conv_{name}", conv(filters, channels), source), (name, act(filters), f"conv_{name}")


def test_an_addition_ties_what_it_adds():
    ties = graph(
        *branch("a"),
        *branch("b", "a", 4),
        ("sum", Add(), "a", "b"),
        ("pool", MaxPool((2, 2), (1, 1)), "sum"),
        *branch("c", "pool", 4),
        ("more", Add(), "pool", "c"),
    )
    assert ties.orders == {"conv_a": 4}
    assert ties.free == dict.fromkeys(("conv_a", "conv_b", "conv_c"), "conv_a")
    assert ties.places["more"] == (("conv_a", 0),)


def test_an_addition_with_the_input_of_the_network_fixes():
    ties = graph(*branch("a", filters=2), ("sum", Add(), "a", INPUT))
    assert (ties.orders, ties.free, ties.places["sum"]) == ({}, {}, ())


def test_a_concatenation_has_a_place_for_each_branch():
    ties = graph(
        *branch("a"),
        *branch("b", filters=3),
        ("cat", Concat(), "a", "b"),
        ("twice", Concat(), "cat", "a"),
        ("pad", PadChannels(2, 1), "twice"),
    )
    assert ties.orders == {"conv_a": 4, "conv_b": 3}
    assert ties.places["pad"] == (("conv_a", 2), ("conv_b", 6), ("conv_a", 9))


def test_flattening_has_a_place_for_each_pixel():
    ties = graph(*branch("a"), ("flat", Flatten(), "a"))
    assert ties.places["flat"] == tuple(("conv_a", 4 * pixel) for pixel in range(9))


def test_concatenations_added_in_the_same_places_are_tied_branch_by_branch():
    ties = graph(
        *branch("a"),
        *branch("b"),
        *branch("c"),
        ("one", Concat(), "a", "b"),
        ("other", Concat(), "c", "b"),
        ("sum", Add(), "one", "other"),
    )
    assert ties.free == {"conv_a": "conv_a", "conv_b": "conv_b", "conv_c": "conv_a"}


def test_an_addition_of_channels_in_other_places_fixes():
    ties = graph(
        *branch("a", filters=4),
        *branch("b", filters=2),
        *branch("c", filters=2),
        ("cat", Concat(), "b", "c"),
        ("sum", Add(), "a", "cat"),
        *branch("d", "sum", 4),
    )
    assert ties.orders == {"conv_d": 4}


def test_an_addition_with_padded_channels_fixes():
    ties = graph(
        *branch("a"),
        ("pad", PadChannels(0, 2), "a"),
        *branch("b", filters=6),
        ("sum", Add(), "pad", "b"),
    )
    assert ties.orders == {}
