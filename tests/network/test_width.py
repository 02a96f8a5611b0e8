import re
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

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
    Width,
)
from threefold.sim import golden

GENERATOR = np.random.default_rng(1)


def ternary(*shape):
    return GENERATOR.integers(-1, 2, shape)


def thresholds(channels, codes=3):
    return np.sort(GENERATOR.integers(-9, 9, (channels, codes)), axis=1)


INPUT_TYPE = Tensor((4, 4, 2), Codes.unsigned(3))
NODES = [
    Node("conv", Conv(ternary(6, 3, 3, 2), padding=(1, 1, 1, 1)), (INPUT,)),
    Node("act", Threshold(thresholds(6)), ("conv",)),
    Node("dw", Conv(ternary(6, 3, 3, 1), padding=(1, 1, 1, 1), groups=6), ("act",)),
    Node("small", Threshold(thresholds(6)), ("dw",)),
    Node("add", Add(), ("act", "small")),
    Node("again", Threshold(thresholds(6)), ("add",)),
    Node("body", Conv(ternary(10, 1, 1, 6), (2, 2)), ("again",)),
    Node("codes", Threshold(thresholds(10)), ("body",)),
    Node("rest", MaxPool((1, 1), (2, 2)), ("again",)),
    Node("pad", PadChannels(2, 2), ("rest",)),
    Node("stage", Add(), ("pad", "codes")),
    Node("more", Threshold(thresholds(10)), ("stage",)),
    Node("side", Concat(), ("more", "rest")),
    Node("pool", SumPool((2, 1), (2, 1)), ("side",)),
    Node("flat", Flatten(), ("pool",)),
    Node("fc", Dense(ternary(3, 32)), ("flat",)),
    Node("logits", Logits([1, 2, 3]), ("fc",)),
    Node("best", ArgMax(), ("logits",)),
]
OWN = {
    "act": Threshold(thresholds(4)),
    "small": Threshold(thresholds(4)),
    "codes": Threshold(thresholds(5)),
    "pad": PadChannels(0, 1),
    "logits": Logits([5, 6, 7]),
}
HALF = Width({"conv": 4, "dw": 4, "body": 5}, OWN)


def network(widths, nodes=NODES):
    return Network("net", INPUT_TYPE, nodes, {"seed": 3}, widths)


def without(name):
    return {key: op for key, op in OWN.items() if key != name}


def test_a_width_is_made_of_the_first_filters_and_the_channels_there_are():
    whole = network({"half": HALF})
    narrow = whole.at("half")
    ops = {node.name: node.op for node in narrow.nodes}
    full = {node.name: node.op for node in whole.nodes}
    assert list(ops) == list(full)
    assert [node.inputs for node in narrow.nodes] == [node.inputs for node in NODES]
    assert np.array_equal(ops["conv"].weights, full["conv"].weights[:4])
    assert np.array_equal(ops["dw"].weights, full["dw"].weights[:4])
    assert ops["dw"].groups == 4
    assert np.array_equal(ops["body"].weights, full["body"].weights[:5, :, :, :4])
    for name in OWN:
        assert ops[name] is OWN[name]
    for name, channels in (("again", 4), ("more", 5)):
        assert np.array_equal(ops[name].thresholds, full[name].thresholds[:channels])
    columns = [16 * pixel + c for pixel in range(2) for c in (*range(5), *range(10, 14))]
    assert np.array_equal(ops["fc"].weights, full["fc"].weights[..., columns])
    assert ops["fc"].filters == 3


def test_a_width_is_a_network_of_its_own():
    narrow = network({"half": HALF}).at("half")
    assert (narrow.name, narrow.widths) == ("net_half", {})
    assert narrow.provenance == {"seed": 3, "width": "half"}
    images = GENERATOR.integers(0, 8, (5, 4, 4, 2))
    assert golden.classes(narrow, images).shape == (5,)
    long = replace(network({"half": HALF}), name="n" * 64)
    assert long.at("half").name == "n" * 59 + "_half"


def test_the_whole_network_is_what_it_was():
    whole = network({"half": HALF, "all": Width({})})
    images = GENERATOR.integers(0, 8, (5, 4, 4, 2))
    expected = golden.run(network({}), images)
    assert np.array_equal(golden.run(whole, images), expected)
    assert np.array_equal(golden.run(whole.at("all"), images), expected)
    assert type(whole.widths) is MappingProxyType
    assert type(HALF.filters) is type(HALF.ops) is MappingProxyType


GROUPED = [
    Node("conv", Conv(ternary(4, 1, 1, 2)), (INPUT,)),
    Node("act", Threshold(thresholds(4)), ("conv",)),
    Node("pairs", Conv(ternary(4, 1, 1, 2), groups=2), ("act",)),
]


def test_groups_stay_whole_where_they_are_not_of_one_channel():
    kept = network({"same": Width({"conv": 4, "pairs": 4})}, GROUPED).at("same")
    assert np.array_equal(kept.nodes[2].op.weights, GROUPED[2].op.weights)


@pytest.mark.parametrize(
    ("width", "message"),
    [
        (Width({"convv": 1}), "there is no node 'convv'"),
        (Width({}, {"x": OWN["pad"]}), "there is no node 'x'"),
        (Width({"act": 4}), "node 'act': it has filters, but is 'threshold'"),
        (Width({"conv": 7}), "node 'conv': it uses 7 filters, but there are 6"),
        (Width({}, {"pad": OWN["act"]}), "node 'pad': it is 'threshold', but 'pad_channels' in "
         "the network"),
        (Width({}, {"act": Threshold(thresholds(6, 2))}), "node 'act': it gives codes 0…2, but "
         "codes 0…3 in the network"),
        (Width({}, {"pad": PadChannels(3, 2)}), "node 'pad': it gives 11 channels, but 10 in the "
         "network"),
        (Width({"conv": 4}), "node 'dw': 6 of 6 filters in 6 groups do not match 4 of 6 "
         "channels; only a depthwise convolution gets narrower, by as much as its input"),
        (Width({"dw": 4}), "node 'dw': 4 of 6 filters in 6 groups do not match 6 of 6 "
         "channels; only a depthwise convolution gets narrower, by as much as its input"),
        (Width({"body": 5}), "node 'stage': its inputs must keep the same channels"),
        (Width({"fc": 2}), "node 'best': 'argmax' must keep all 3 channels"),
        (Width(HALF.filters, without("act") | {"act": Threshold(thresholds(6))}),
         "node 'act': thresholds are given for 6 channels, but the input has 4"),
        (Width(HALF.filters, without("logits") | {"logits": Logits([1, 2])}),
         "node 'logits': biases are given for 2 channels, but the input has 3"),
    ],
)  # fmt: skip
def test_widths_that_do_not_fit(width, message):
    with pytest.raises(NetworkError, match=f"^width 'half': {re.escape(message)}$"):
        network({"half": width})


@pytest.mark.parametrize(
    ("width", "message"),
    [
        (
            Width({"conv": 2}),
            "node 'pairs': 4 of 4 filters in 2 groups do not match 2 of 4 channels; only a "
            "depthwise convolution gets narrower, by as much as its input",
        ),
        (
            Width({"pairs": 2}),
            "node 'pairs': 2 of 4 filters in 2 groups do not match 4 of 4 channels; only a "
            "depthwise convolution gets narrower, by as much as its input",
        ),
    ],
)
def test_groups_that_do_not_get_narrower(width, message):
    with pytest.raises(NetworkError, match=f"^width 'half': {re.escape(message)}$"):
        network({"half": width}, GROUPED)


def test_channels_that_are_not_the_first_are_not_padded():
    last = Conv(ternary(1, 1, 1, 19))
    nodes = [
        *NODES[:13],
        Node("wider", PadChannels(1, 2), ("side",)),
        Node("last", last, ("wider",)),
    ]
    message = (
        "width 'half': node 'wider': it keeps 9 of 16 channels, which are not the first of them; "
        "pad channels ahead of a concatenation, or keep all"
    )
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        network({"half": Width(HALF.filters, without("logits"))}, nodes)


def test_the_output_stays_whole():
    message = "width 'half': the output 'act' must keep all 4 channels, not 3"
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        network({"half": Width({"conv": 3})}, GROUPED[:2])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({"conv": 0},), "the number of filters of 'conv' must be an integer of 1…16777216, not 0"),
        (
            ({"conv": True},),
            "the number of filters of 'conv' must be an integer of 1…16777216, not True",
        ),
        ((5,), "filters of a width must be a mapping from names of nodes, not 5"),
        (({1: 2},), "filters of a width must be a mapping from names of nodes, not {1: 2}"),
        (({}, []), "ops of a width must be a mapping from names of nodes, not []"),
        (
            ({}, {"add": Add()}),
            "a width has operations of its own of the kinds logits, pad_channels, threshold, "
            "not Add() for 'add'",
        ),
    ],
)
def test_what_is_no_width(arguments, message):
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        Width(*arguments)


@pytest.mark.parametrize(
    ("widths", "message"),
    [
        ([], "widths must be a mapping of at most 16 names, not []"),
        (
            {f"w{i}": HALF for i in range(17)},
            r"widths must be a mapping of at most 16 names, not {'w0': Width\(.*}",
        ),
        (
            {"Half": HALF},
            "width names are up to 64 lower case letters, digits and _, a letter first, not 'Half'",
        ),
        ({"n" * 33: HALF}, f"names of widths have at most 32 letters, not {'n' * 33}"),
        ({"half": 0.5}, r"width 'half' must be a Width, not 0\.5"),
    ],
)
def test_what_are_no_widths(widths, message):
    with pytest.raises(NetworkError, match=f"^{message.replace('[]', re.escape('[]'))}$"):
        network(widths)


def test_a_width_that_there_is_not():
    for widths, known in (({}, "none"), ({"half": HALF, "all": Width({})}, "half, all")):
        message = f"network 'net' has no width 'w50'; there is {known}"
        with pytest.raises(NetworkError, match=f"^{message}$"):
            network(widths).at("w50")
