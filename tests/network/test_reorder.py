import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.errors import NetworkError
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
    SumPool,
    Tensor,
    Threshold,
    permute,
)
from threefold.plan.alignment.ties import Ties
from threefold.sim import golden

from ..strategies import images_for, networks

SOURCE = Tensor((3, 3, 2), Codes.unsigned(2))
RNG = np.random.default_rng(0)


def conv(filters, depth, kernel=1, groups=1):
    return Conv(RNG.integers(-1, 2, (filters, kernel, kernel, depth)), groups=groups)


def threshold(channels):
    return Threshold(np.sort(RNG.integers(-4, 5, (channels, 3)), axis=1))


def classifier(*middle, channels):
    """Four filters, what is in the middle, and logits and the class of the whole map."""
    ops = [("first", conv(4, 2)), ("act", threshold(4)), *middle]
    weights = RNG.integers(-1, 2, (3, 9 * channels))
    ops += [("fc", Dense(weights, (3, 3, channels))), ("logits", Logits([3, 1, 2]))]
    return Network.chain("net", SOURCE, [*ops, ("class", ArgMax())])


CHAIN = classifier(channels=4)
DEPTHWISE = classifier(("dw", conv(4, 1, groups=4)), ("act2", threshold(4)), channels=4)
GROUPED = classifier(("grouped", conv(6, 2, groups=2)), ("act2", threshold(6)), channels=6)


def branched(joining, channels, *after):
    """Two branches of two filters each, what joins them, and logits."""
    nodes = [Node("left", conv(2, 2), (INPUT,)), Node("right", conv(2, 2), (INPUT,))]
    nodes += [Node(f"act_{name}", THRESHOLD, (name,)) for name in ("left", "right")]
    nodes += [Node("join", joining, ("act_left", "act_right"))]
    for name, op in after:
        nodes.append(Node(name, op, (nodes[-1].name,)))
    nodes += [
        Node("fc", conv(3, channels), (nodes[-1].name,)),
        Node("out", Logits([1, 2, 3]), ("fc",)),
    ]
    return Network("net", SOURCE, nodes)


THRESHOLD = threshold(2)
ADDED = branched(Add(), 2, ("act", threshold(2)))
CONCATENATED = branched(Concat(), 4)


def same_up_to(network, changed, orders, images):
    """Every node gives the same, channels in the given order; natural where none is given."""
    before, after = golden.evaluate(network, images), golden.evaluate(changed, images)
    for name, codes in before.items():
        order = orders.get(name, list(range(codes.shape[3])))
        assert np.array_equal(codes[..., list(order)], after[name]), name


def images(network):
    return RNG.integers(0, network.input.element.max_code + 1, (20, *network.input.shape))


def test_rows_columns_and_thresholds_move():
    network = Network.chain(
        "net",
        Tensor((1, 1, 2), Codes.unsigned(1)),
        [
            ("first", Dense([[1, 0], [0, 1], [-1, -1]])),
            ("act", Threshold([[0, 1], [2, 3], [4, 5]])),
            ("fc", Dense([[1, 0, -1], [0, 1, 1]])),
            ("logits", Logits([5, 6])),
        ],
        {"seed": 1},
    )
    changed = permute(network, {"first": (2, 0, 1)})
    first, act, fc, logits = (node.op for node in changed.nodes)
    assert first.matrix.tolist() == [[-1, -1], [1, 0], [0, 1]]
    assert act.thresholds.tolist() == [[4, 5], [0, 1], [2, 3]]
    assert fc.matrix.tolist() == [[-1, 1, 0], [1, 0, 1]]
    assert logits.bias.tolist() == [5, 6]
    assert (changed.name, changed.provenance) == ("net", {"seed": 1})
    assert changed.types == network.types


@pytest.mark.parametrize("order", [(3, 1, 0, 2), [1, 2, 3, 0], np.array([3, 2, 1, 0])])
def test_an_order_is_absorbed(order):
    changed = permute(CHAIN, {"first": order})
    same_up_to(CHAIN, changed, {"first": order, "act": order}, images(CHAIN))


def test_biases_move_where_logits_are_not_the_end():
    ops = [("first", conv(4, 2)), ("logits", Logits([4, -2, 0, 1])), ("act", threshold(4))]
    network = Network.chain("net", SOURCE, [*ops, ("fc", conv(3, 4))])
    moved = {name: [2, 0, 3, 1] for name in ("first", "logits", "act")}
    same_up_to(network, permute(network, {"first": [2, 0, 3, 1]}), moved, images(network))


def test_without_orders_nothing_changes():
    changed = permute(GROUPED, {})
    same_up_to(GROUPED, changed, {}, images(GROUPED))
    for before, after in zip(GROUPED.nodes, changed.nodes, strict=True):
        assert all(np.array_equal(a, after.op.arrays()[k]) for k, a in before.op.arrays().items())


def test_a_depthwise_convolution_follows_its_input():
    order = [2, 0, 3, 1]
    changed = permute(DEPTHWISE, {"first": order})
    moved = dict.fromkeys(("first", "act", "dw", "act2"), order)
    same_up_to(DEPTHWISE, changed, moved, images(DEPTHWISE))
    again = permute(DEPTHWISE, {"first": order, "dw": order})
    same_up_to(DEPTHWISE, again, moved, images(DEPTHWISE))


@pytest.mark.parametrize(
    ("first", "grouped", "follows"),
    [
        ([1, 0, 2, 3], None, [0, 1, 2, 3, 4, 5]),
        ([2, 3, 0, 1], None, [3, 4, 5, 0, 1, 2]),
        ([3, 2, 0, 1], [5, 3, 4, 0, 2, 1], [5, 3, 4, 0, 2, 1]),
        ([0, 1, 2, 3], [2, 1, 0, 4, 3, 5], [2, 1, 0, 4, 3, 5]),
    ],
)
def test_groups_move_with_their_channels(first, grouped, follows):
    orders = {"first": first} | ({"grouped": grouped} if grouped else {})
    moved = dict.fromkeys(("first", "act"), first) | dict.fromkeys(("grouped", "act2"), follows)
    same_up_to(GROUPED, permute(GROUPED, orders), moved, images(GROUPED))


def test_both_branches_of_an_addition_move():
    orders = {"left": [1, 0], "right": [1, 0]}
    moved = {name: [1, 0] for name in ("left", "right", "act_left", "act_right", "join", "act")}
    same_up_to(ADDED, permute(ADDED, orders), moved, images(ADDED))


@pytest.mark.parametrize(
    ("orders", "joined"),
    [
        ({"left": [1, 0]}, [1, 0, 2, 3]),
        ({"right": [1, 0]}, [0, 1, 3, 2]),
        ({"left": [1, 0], "right": [1, 0]}, [1, 0, 3, 2]),
    ],
)
def test_branches_of_a_concatenation_move_on_their_own(orders, joined):
    moved = orders | {f"act_{name}": order for name, order in orders.items()} | {"join": joined}
    same_up_to(CONCATENATED, permute(CONCATENATED, orders), moved, images(CONCATENATED))


@pytest.mark.parametrize(
    ("op", "channels", "follows"),
    [
        (MaxPool((2, 2), (1, 1), (1, 1, 1, 1)), 4, [2, 0, 3, 1]),
        (SumPool((3, 3), (1, 1)), 4, [2, 0, 3, 1]),
        (PadChannels(1, 2), 7, [0, 3, 1, 4, 2, 5, 6]),
        (Flatten(), 36, [4 * pixel + item for pixel in range(9) for item in (2, 0, 3, 1)]),
    ],
)
def test_what_has_no_weights_passes_the_order_on(op, channels, follows):
    ops = [("first", conv(4, 2)), ("act", threshold(4)), ("op", op), ("fc", conv(3, channels))]
    network = Network.chain("net", SOURCE, [*ops, ("logits", Logits([1, 2, 3]))])
    moved = {"first": [2, 0, 3, 1], "act": [2, 0, 3, 1], "op": follows}
    same_up_to(network, permute(network, {"first": [2, 0, 3, 1]}), moved, images(network))


@st.composite
def reordered(draw):
    """A network, orders that can be absorbed, and the order of every node."""
    network = draw(networks())
    ties = Ties(network)
    orders = {name: draw(st.permutations(range(size))) for name, size in ties.orders.items()}
    expected = {}
    for tensor, places in ties.places.items():
        channels = list(range(network.types[tensor].shape[2]))
        for name, start in places:
            channels[start : start + len(orders[name])] = [start + item for item in orders[name]]
        expected[tensor] = channels
    free = {name: orders[shared] for name, shared in ties.free.items()}
    return network, free, expected, draw(images_for(network))


@given(reordered())
def test_every_code_is_the_same_up_to_its_place(case):
    network, orders, expected, images = case
    changed = permute(network, orders)
    same_up_to(network, changed, expected, images)
    assert np.array_equal(golden.run(network, images), golden.run(changed, images))
    assert changed.types == network.types


@pytest.mark.parametrize(
    ("network", "orders", "message"),
    [
        (CHAIN, {"act": [0]}, "no convolution is named 'act'; there are first, fc"),
        (CHAIN, {5: [0]}, "no convolution is named 5; there are first, fc"),
        (
            CHAIN,
            {"first": [0, 1, 2]},
            "the order of 'first' must hold each of 0…3 once, not [0, 1, 2]",
        ),
        (
            CHAIN,
            {"first": [0, 1, 2, 2]},
            "the order of 'first' must hold each of 0…3 once, not [0, 1, 2, 2]",
        ),
        (
            CHAIN,
            {"first": [0.0, 1.0, 2.0, 3.0]},
            "the order of 'first' must hold each of 0…3 once, not [0.0, 1.0, 2.0, 3.0]",
        ),
        (
            CHAIN,
            {"first": [[0, 1], [2, 3]]},
            "the order of 'first' must hold each of 0…3 once, not [[0, 1], [2, 3]]",
        ),
        (
            CHAIN,
            {"first": [[0], [1, 2]]},
            "the order of 'first' must hold each of 0…3 once, not [[0], [1, 2]]",
        ),
        (CHAIN, {"first": None}, "the order of 'first' must hold each of 0…3 once, not None"),
        (
            CHAIN,
            {"fc": [0, 2, 1]},
            "node 'class': channels of the input of 'argmax' must keep their order",
        ),
        (
            Network.chain("net", SOURCE, [("first", conv(2, 2)), ("logits", Logits([0, 0]))]),
            {"first": [1, 0]},
            "the channels of the output 'logits' must keep their order; "
            "leave the filters that they come from as they are",
        ),
        (
            GROUPED,
            {"first": [0, 2, 1, 3]},
            "node 'grouped': channels of its input must stay in their 2 groups of 2",
        ),
        (
            GROUPED,
            {"grouped": [3, 1, 2, 0, 4, 5]},
            "node 'grouped': filters must stay in their 2 groups of 3, "
            "which follow the order of its input",
        ),
        (
            DEPTHWISE,
            {"first": [1, 0, 2, 3], "dw": [0, 1, 2, 3]},
            "node 'dw': filters must stay in their 4 groups of 1, "
            "which follow the order of its input",
        ),
        (
            ADDED,
            {"left": [1, 0]},
            "node 'join': its inputs must have the same order of channels",
        ),
        (
            Network.chain("net", Tensor((1, 1, 1), Codes(1)), [("first", conv(2, 1))]),
            {"fc": [0]},
            "no convolution is named 'fc'; there are first",
        ),
    ],
)
def test_refuses(network, orders, message):
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        permute(network, orders)


def test_a_network_without_convolutions():
    network = Network.chain("net", SOURCE, [("act", Threshold([[0], [1]]))])
    with pytest.raises(NetworkError, match=r"^no convolution is named 'fc'; there are none$"):
        permute(network, {"fc": [0]})
