import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.errors import PlanError
from threefold.network import (
    INPUT,
    Add,
    Codes,
    Concat,
    Conv,
    Dense,
    Logits,
    Network,
    Node,
    Tensor,
    Threshold,
    permute,
)
from threefold.plan import Folding, Schedule, align
from threefold.plan.alignment import tiles_left
from threefold.sim import golden

from ...accelerators import make_layer
from ...strategies import images_for, networks


def convs(network):
    return {node.name: node.op for node in network.nodes if isinstance(node.op, Conv)}


def tiles(network, foldings):
    """Tiles left of each layer, by name."""
    return {
        name: tiles_left(convs(network)[name].weights, folding.pe, folding.simd)
        for name, folding in foldings.items()
    }


def cycles(network, foldings):
    """Tiles × output pixels of all layers."""
    left = tiles(network, foldings)
    return sum(np.prod(network.types[name].shape[:2]) * count for name, count in left.items())


def network_of(*weights, shape=(4, 4)):
    """Convolutions with thresholds between them, and a dense layer without zeros at the end."""
    ops = []
    for number, each in enumerate(weights):
        filters, height, width, _ = each.shape
        padding = (height - 1, width - 1, 0, 0)
        thresholds = np.sort(np.arange(3 * filters).reshape(filters, 3) * 7 % 11 - 5, axis=1)
        ops += [
            (f"conv{number}", Conv(each, padding=padding)),
            (f"act{number}", Threshold(thresholds)),
        ]
    dense = np.ones((4, *shape, len(weights[-1])), int)
    ops += [("fc", Conv(dense)), ("logits", Logits([1, 2, 3, 4]))]
    return Network.chain("net", Tensor((*shape, weights[0].shape[3]), Codes.unsigned(2)), ops)


def signs(rng, shape):
    return rng.choice([-1, 1], shape)


def pruned_rows(rng, filters, positions, channels, pe, simd):
    """Weights of which half the tiles are empty, for filters in order."""
    kept = rng.random((filters // pe, positions, channels // simd)) < 0.5
    kept[:, 0, 0] = True
    kept = kept.repeat(pe, axis=0).repeat(simd, axis=2)
    return (signs(rng, kept.shape) * kept)[:, None]


def test_tiles_are_counted_by_hand():
    weights = np.zeros((4, 1, 2, 4), int)
    weights[0, 0, 0, 1] = 1
    weights[1, 0, 0, 0] = -1
    weights[1, 0, 1, 3] = 1
    assert tiles_left(weights, 1, 1) == 3 + 2
    assert tiles_left(weights, 2, 2) == 2 + 1
    assert tiles_left(weights, 2, 4) == 2 + 1
    assert tiles_left(weights, 4, 4) == 2
    assert tiles_left(weights, 4, 8) == 1
    assert tiles_left(0 * weights, 2, 1) == 2


@pytest.mark.parametrize(("pe", "simd"), [(1, 1), (2, 3), (4, 6), (8, 12), (2, 8)])
@pytest.mark.parametrize("kept", [0.02, 0.3])
def test_a_dense_layer_has_as_many_tiles_as_its_schedule(pe, simd, kept):
    weights = np.random.default_rng(0).random((8, 24)) < kept
    schedule = Schedule(make_layer(weights), Folding(pe, simd))
    assert tiles_left(weights.reshape(8, 2, 2, 6), pe, simd) == len(schedule.tiles)


@pytest.mark.parametrize(
    ("groups", "pe", "simd"), [(1, 1, 1), (1, 4, 6), (1, 2, 3), (2, 2, 3), (6, 2, 1), (6, 12, 1)]
)
@pytest.mark.parametrize("kept", [0.05, 0.4])
def test_a_sliding_layer_has_as_many_tiles_as_its_schedule(groups, pe, simd, kept):
    weights = np.random.default_rng(groups).random((12, 3, 2, 6 // groups)) < kept
    layer = make_layer(weights, shape=(5, 4, 6), groups=groups)
    schedule = Schedule(layer, Folding(pe, simd))
    assert tiles_left(weights, pe, simd) == len(schedule.tiles)


@pytest.mark.parametrize(("pe", "simd"), [(2, 4), (4, 4), (8, 2), (4, 8)])
def test_shuffled_filters_are_recovered(pe, simd):
    rng = np.random.default_rng(pe)
    weights = pruned_rows(rng, 32, 9, 16, pe, simd).reshape(32, 3, 3, 16)
    foldings = {"conv0": Folding(pe, simd), "fc": Folding(1, 4)}
    best = tiles(network_of(weights), foldings)
    shuffled = network_of(weights[rng.permutation(32)])
    assert tiles(shuffled, foldings)["conv0"] > 1.2 * best["conv0"]
    found, orders = align(shuffled, foldings)
    assert tiles(found, foldings) == best
    assert list(orders) == ["conv0"]


@pytest.mark.parametrize("simd", [2, 4, 8])
def test_shuffled_channels_are_recovered(simd):
    """The filters before have no zeros, so their order is all for the layer that reads them."""
    rng = np.random.default_rng(simd)
    first, second = signs(rng, (32, 1, 1, 4)), pruned_rows(rng, 16, 9, 32, 4, simd)
    second = second.reshape(16, 3, 3, 32)
    foldings = {"conv0": Folding(4, 4), "conv1": Folding(4, simd)}
    best = tiles(network_of(first, second), foldings)
    shuffle = rng.permutation(32)
    shuffled = network_of(first[shuffle], second[..., shuffle])
    assert tiles(shuffled, foldings)["conv1"] > 1.2 * best["conv1"]
    found, _ = align(shuffled, foldings)
    assert tiles(found, foldings) == best


@pytest.mark.parametrize(("pe", "simd"), [(2, 4), (4, 4), (4, 8)])
def test_filters_and_channels_of_one_layer_are_recovered(pe, simd):
    """Neither order shows anything before the other is found, at least in part."""
    rng = np.random.default_rng(0)
    first = signs(rng, (32, 1, 1, 4))
    second = pruned_rows(rng, 32, 1, 32, pe, simd).reshape(32, 1, 1, 32)
    foldings = {"conv1": Folding(pe, simd)}
    best = tiles(network_of(first, second), foldings)
    shuffled = network_of(first, second[rng.permutation(32)][..., rng.permutation(32)])
    assert tiles(shuffled, foldings)["conv1"] > 1.8 * best["conv1"]
    assert tiles(align(shuffled, foldings)[0], foldings) == best


def test_one_order_serves_the_filters_and_the_channels_that_read_them():
    rng = np.random.default_rng(0)
    first = pruned_rows(rng, 32, 4, 8, 4, 4).reshape(32, 2, 2, 8)
    second = pruned_rows(rng, 16, 9, 32, 4, 8).reshape(16, 3, 3, 32)
    foldings = {"conv0": Folding(4, 4), "conv1": Folding(4, 8)}
    best = cycles(network_of(first, second), foldings)
    shuffle = rng.permutation(32)
    shuffled = network_of(first[shuffle], second[..., shuffle])
    found, _ = align(shuffled, foldings)
    assert cycles(found, foldings) <= best
    images = rng.integers(0, 4, (5, 4, 4, 8))
    assert np.array_equal(golden.run(shuffled, images), golden.run(found, images))


def test_a_layer_with_more_pixels_weighs_more():
    """Two orders each empty a tile of one layer; 16 pixels of the first weigh more than 1."""
    first = np.array([[1, 0], [0, 1], [1, 0], [0, 1]])[:, None, None]
    dense = np.zeros((1, 4, 4, 4), int)
    dense[..., :2] = 1
    source = Tensor((4, 4, 2), Codes.unsigned(2))
    ops = [("conv0", Conv(first)), ("act", Threshold(np.zeros((4, 1), int)))]
    network = Network.chain("net", source, [*ops, ("fc", Conv(dense)), ("logits", Logits([0]))])
    foldings = {"conv0": Folding(2, 1), "fc": Folding(1, 2)}
    assert tiles(network, foldings) == {"conv0": 4, "fc": 16}
    found, orders = align(network, foldings)
    assert tiles(found, foldings) == {"conv0": 2, "fc": 32}
    assert {frozenset(orders["conv0"][start : start + 2]) for start in (0, 2)} == {
        frozenset({0, 2}),
        frozenset({1, 3}),
    }
    found, orders = align(network, {"fc": foldings["fc"]})
    assert (orders, tiles(found, foldings)) == ({}, {"conv0": 4, "fc": 16})
    # Four pixels at once take a tile together, so that the first layer gains less.
    _, orders = align(network, foldings | {"conv0": Folding(2, 1, pixels=4)})
    assert orders == {}


def test_words_of_a_dense_layer_may_span_pixels():
    rng = np.random.default_rng(0)
    first = signs(rng, (6, 1, 1, 2))
    dense = (rng.random((4, 3, 3, 6)) < 0.1).astype(int)
    source = Tensor((3, 3, 2), Codes.unsigned(2))
    ops = [("conv0", Conv(first)), ("act", Threshold(np.zeros((6, 1), int)))]
    network = Network.chain("net", source, [*ops, ("fc", Conv(dense)), ("logits", Logits([0] * 4))])
    for simd in (1, 2, 3, 6, 9, 18, 27):
        foldings = {"fc": Folding(2, simd)}
        assert cycles(align(network, foldings)[0], foldings) <= cycles(network, foldings)
    assert cycles(align(network, {"fc": Folding(2, 9)})[0], {"fc": Folding(2, 9)}) < cycles(
        network, {"fc": Folding(2, 9)}
    )


@pytest.mark.parametrize(
    ("branches", "row", "kept"),
    [((INPUT, "act"), [1, 0, 1, 0], 0), (("act", INPUT), [0, 1, 0, 1], 2)],
)
def test_a_word_may_hold_channels_that_stay(branches, row, kept):
    """The word with the network's own channel is needed, so what else it holds is free."""
    nodes = [
        Node("conv", Dense([[1], [1], [-1]]), (INPUT,)),
        Node("act", Threshold([[1], [1], [0]]), ("conv",)),
        Node("cat", Concat(), branches),
        Node("fc", Dense([row]), ("cat",)),
    ]
    network = Network("net", Tensor((1, 1, 1), Codes.unsigned(1)), nodes)
    foldings = {"fc": Folding(1, 2)}
    found, orders = align(network, foldings)
    assert (tiles(network, foldings), tiles(found, foldings)) == ({"fc": 2}, {"fc": 1})
    assert orders["conv"][kept] == 1


def test_residual_branches_share_an_order():
    rng = np.random.default_rng(0)
    shuffle = rng.permutation(16)
    weights = [pruned_rows(rng, 16, 1, 8, 4, 4).reshape(16, 1, 1, 8)[shuffle] for _ in range(2)]
    nodes = []
    for number, each in enumerate(weights):
        nodes.append(Node(f"conv{number}", Conv(each), (INPUT,)))
        nodes.append(Node(f"act{number}", Threshold(np.zeros((16, 1), int)), (f"conv{number}",)))
    nodes.append(Node("sum", Add(), ("act0", "act1")))
    nodes.append(Node("fc", Dense(np.ones((2, 64), int), (2, 2, 16)), ("sum",)))
    network = Network("net", Tensor((2, 2, 8), Codes.unsigned(2)), nodes)
    foldings = {"conv0": Folding(4, 4), "conv1": Folding(4, 4)}
    found, orders = align(network, foldings)
    assert orders["conv0"] == orders["conv1"]
    best = sum(tiles_left(each[np.argsort(shuffle)], 4, 4) for each in weights)
    assert sum(tiles(found, foldings).values()) == best < sum(tiles(network, foldings).values())


def test_an_order_that_leaves_more_is_not_taken(monkeypatch):
    weights = pruned_rows(np.random.default_rng(0), 16, 1, 8, 4, 4).reshape(16, 1, 1, 8)
    network, foldings = network_of(weights), {"conv0": Folding(4, 4)}
    monkeypatch.setitem(align.__globals__, "improve", lambda order, views: np.roll(order, 1))
    assert align(network, foldings)[1] == {}


def test_nothing_moves_where_nothing_is_empty():
    rng = np.random.default_rng(0)
    network = network_of(signs(rng, (8, 1, 1, 4)), signs(rng, (8, 3, 3, 8)))
    foldings = {"conv0": Folding(2, 2), "conv1": Folding(4, 4), "fc": Folding(1, 8)}
    found, orders = align(network, foldings)
    assert orders == {}
    assert tiles(found, foldings) == tiles(network, foldings)


@st.composite
def folded(draw):
    """A network and foldings of some of its layers."""
    network, foldings = draw(networks()), {}
    for name, conv in convs(network).items():
        pe, simd = (
            draw(st.sampled_from([size for size in range(1, whole + 1) if whole % size == 0]))
            for whole in conv.matrix.shape
        )
        if draw(st.booleans()):
            foldings[name] = Folding(pe, simd)
    return network, foldings, draw(images_for(network))


@given(folded())
def test_never_more_cycles_and_the_same_output(case):
    network, foldings, images = case
    found, orders = align(network, foldings)
    assert cycles(found, foldings) <= cycles(network, foldings)
    assert np.array_equal(golden.run(found, images), golden.run(network, images))
    again = permute(network, orders)
    for one, other in zip(found.nodes, again.nodes, strict=True):
        for name, array in one.op.arrays().items():
            assert np.array_equal(array, other.op.arrays()[name])
    assert align(network, foldings)[1] == orders


NETWORK = network_of(np.ones((8, 3, 3, 4), int))


@pytest.mark.parametrize(
    ("foldings", "message"),
    [
        ({"act0": Folding(1, 1)}, "no convolution is named 'act0'; there are conv0, fc"),
        ({"conv0": Folding(3, 1)}, "PE count of 'conv0' must divide 8 filters, not 3"),
        ({"conv0": Folding(0, 1)}, "PE count of 'conv0' must divide 8 filters, not 0"),
        ({"fc": Folding(4, 5)}, "SIMD width of 'fc' must divide 128 columns, not 5"),
        ({"fc": Folding(4, -1)}, "SIMD width of 'fc' must divide 128 columns, not -1"),
    ],
)
def test_refuses(foldings, message):
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        align(NETWORK, foldings)
