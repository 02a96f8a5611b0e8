import re
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given

from threefold.errors import NetworkError
from threefold.html import html_table
from threefold.network import (
    INPUT,
    ArgMax,
    Codes,
    Dense,
    Integers,
    Logits,
    Network,
    Node,
    Tensor,
    Threshold,
    Width,
    load,
    save,
)
from threefold.network.file import digest

from ..strategies import networks

SOURCE = Tensor((1, 1, 2), Codes.unsigned(2))
DENSE = Dense([[1, -1], [0, 1]])
THRESHOLD = Threshold([[0], [1]])


def test_a_chain():
    network = Network.chain("net", SOURCE, [("a", DENSE), ("b", THRESHOLD), ("c", DENSE)])
    assert [node.inputs for node in network.nodes] == [(INPUT,), ("a",), ("b",)]
    assert network.output.name == "c"
    assert network.consumers("a") == (network.nodes[1],)
    assert network.consumers("c") == ()
    assert list(network.types) == ["input", "a", "b", "c"]
    assert network.types["a"] == Tensor((1, 1, 2), Integers(-3, 3))
    assert network.types["b"] == Tensor((1, 1, 2), Codes(1))


@given(networks())
def test_types_follow_from_the_operations(network):
    for node in network.nodes:
        expected = node.op.infer(*(network.types[source] for source in node.inputs))
        assert network.types[node.name] == expected


def test_a_network_is_frozen():
    provenance = {"seed": 1, "tools": {"torch": "2"}}
    network = Network.chain("net", SOURCE, [("a", DENSE)], provenance)
    provenance["tools"]["torch"] = "3"
    assert network.provenance == {"seed": 1, "tools": {"torch": "2"}}
    assert {type(network.types), type(network.provenance)} == {MappingProxyType}
    assert isinstance(network.nodes, tuple)
    with pytest.raises(AttributeError, match="cannot assign to field 'name'"):
        network.name = "other"


@given(networks(), networks())
def test_networks_are_equal_whose_files_are(one, other):
    assert (one == other) == (digest(one) == digest(other))
    again = replace(one, nodes=[replace(node, op=replace(node.op)) for node in one.nodes])
    assert again == one
    assert hash(again) == hash(one)


NARROW = {"half": Width({"a": 1}, {"b": Threshold([[3]])})}


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "other"},
        {"input": Tensor((1, 1, 2), Codes.unsigned(3))},
        {"provenance": {"seed": 1.0}},
        {"provenance": {"seed": True}},
        {"provenance": {}},
        {"widths": {}},
        {"widths": {"quarter": NARROW["half"]}},
        {"widths": {"half": Width({"a": 1})}},
        {"widths": {"half": Width({}, {"b": Threshold([[3], [1]])})}},
    ],
)
def test_networks_differ_in_all_that_a_file_holds(changes):
    ops = [("a", DENSE), ("b", THRESHOLD), ("c", DENSE)]
    network = Network.chain("net", SOURCE, ops, {"seed": 1, "on": "cpu"})
    network = replace(network, widths=NARROW)
    other = replace(network, **changes)
    assert other != network
    assert digest(other) != digest(network)
    assert replace(network, provenance={"on": "cpu", "seed": 1}) == network
    assert network != "net"
    assert NARROW["half"] != "half"


def test_networks_are_members_of_sets(tmp_path):
    network = Network.chain("net", SOURCE, [("a", DENSE), ("b", THRESHOLD), ("c", DENSE)])
    narrow = replace(network, widths=NARROW)
    save(narrow, tmp_path / "net.tern")
    assert {network, narrow, load(tmp_path / "net.tern")} == {narrow, network}


def test_repr():
    network = Network.chain("net", SOURCE, [("a", DENSE)])
    assert repr(network) == "<Network net: 1×1×2 codes 0…3, 1 node, 4 weights>"
    network = Network.chain("net", SOURCE, [("a", DENSE), ("b", THRESHOLD), ("c", DENSE)])
    narrow = replace(network, widths=NARROW | {"same": Width({})})
    assert repr(narrow) == ("<Network net: 1×1×2 codes 0…3, 3 nodes, 8 weights, widths half, same>")


def test_table():
    network = Network.chain("net", SOURCE, [("a", DENSE), ("b", THRESHOLD)])
    assert network._repr_html_() == html_table(
        "Network net: 1×1×2 codes 0…3, 2 nodes, 4 weights",
        ["node", "operation", "reads", "shape", "elements", "weights", "zeros"],
        [
            ["input", None, None, "1×1×2", "codes 0…3", None, None],
            ["a", "conv", "input", "1×1×2", "integers -3…3", 4, 1],
            ["b", "threshold", "a", "1×1×2", "codes 0…1", None, None],
        ],
    )


def nested(levels):
    return {} if levels == 1 else {"in": nested(levels - 1)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"name": "Net"},
            "network names are up to 64 lower case letters, digits and _, a letter first, "
            "not 'Net'",
        ),
        (
            {"name": 5},
            "network names are up to 64 lower case letters, digits and _, a letter first, not 5",
        ),
        ({"nodes": []}, "a network needs at least one node"),
        (
            {"input": Tensor((1, 1, 2), Integers(0, 3))},
            "the input of a network is codes, not integers 0…3",
        ),
        (
            {"nodes": [Node("a", DENSE, [INPUT]), Node("a", THRESHOLD, ["a"])]},
            "two nodes are named 'a'; names must be unique",
        ),
        (
            {"nodes": [Node("input", DENSE, [INPUT])]},
            "two nodes are named 'input'; names must be unique",
        ),
        (
            {"nodes": [Node("a", DENSE, ["b"]), Node("b", THRESHOLD, ["a"])]},
            "node 'a' reads 'b', which is not an earlier node",
        ),
        ({"nodes": [Node("a", DENSE, ["a"])]}, "node 'a' reads 'a', which is not an earlier node"),
        ({"nodes": [Node("a", DENSE, [INPUT, INPUT])]}, "node 'a' takes 1 input(s), not 2"),
        ({"nodes": [Node("a", DENSE, [])]}, "node 'a' takes 1 input(s), not 0"),
        (
            {"nodes": [Node("a", Dense([[1]]), [INPUT])]},
            "node 'a': weights read 1 channels, but the input has 2",
        ),
        (
            {"nodes": [Node("a", DENSE, [INPUT]), Node("b", DENSE, [INPUT])]},
            "nothing reads the output of 'a'; remove it or use it",
        ),
        ({"provenance": [1]}, "provenance must be a mapping, not [1]"),
        (
            {"provenance": {"a": np.int64(1)}},
            "provenance must be plain JSON values: Object of type int64 is not JSON serializable",
        ),
        (
            {"provenance": {"data": ["\ud800"]}},
            "provenance holds half of a surrogate pair, which is no text",
        ),
        (
            {"provenance": {"\udfff": 1}},
            "provenance holds half of a surrogate pair, which is no text",
        ),
        ({"provenance": nested(33)}, "provenance must be nested at most 32 deep"),
    ],
)
def test_what_is_no_network_is_refused(change, message):
    valid = {"name": "net", "input": SOURCE, "nodes": [Node("a", DENSE, [INPUT])]}
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        Network(**valid | change)


def test_provenance_holds_no_nan():
    with pytest.raises(
        NetworkError,
        match=r"^provenance must be plain JSON values: "
        r"Out of range float values are not JSON compliant(: nan)?$",
    ):
        Network.chain("net", SOURCE, [("a", DENSE)], {"loss": float("nan")})


def test_provenance_may_be_nested():
    assert Network.chain("net", SOURCE, [("a", DENSE)], nested(32)).provenance == nested(32)


def test_provenance_without_end_is_refused():
    endless = {}
    endless["self"] = endless
    with pytest.raises(
        NetworkError,
        match=r"^provenance must be plain JSON values: Circular reference detected$",
    ):
        Network.chain("net", SOURCE, [("a", DENSE)], endless)


@pytest.mark.parametrize("name", ["a", "a1_", "a" * 64])
def test_node_names(name):
    assert Node(name, ArgMax(), ["b"]).inputs == ("b",)


@pytest.mark.parametrize("name", ["", "1a", "_a", "a-b", "a b", "é", "a\n", "a" * 65, None, ["a"]])
def test_other_node_names_are_refused(name):
    with pytest.raises(
        NetworkError,
        match=r"^node names are up to 64 lower case letters, digits and _, a letter first, "
        r"not [^\n]{2,60}$",
    ):
        Node(name, ArgMax(), ["b"])


@pytest.mark.parametrize("inputs", ["input", None, [1], [["a"]], {"a": 1}])
def test_other_node_inputs_are_refused(inputs):
    message = f"inputs of node 'a' must be names, not {inputs!r}"
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        Node("a", Logits([1]), inputs)


def test_other_node_operations_are_refused():
    with pytest.raises(NetworkError, match=r"^node 'a' needs an operation, not 'conv'$"):
        Node("a", "conv", [INPUT])


def test_a_long_chain_is_checked_in_linear_time():
    ops = [(f"n{i}", Logits([0, 0])) for i in range(20_000)]
    network = Network.chain("net", SOURCE, [("dense", DENSE), *ops])
    assert len(network.nodes) == 20_001
