import json
import time

import pytest

from threefold.errors import FileFormatError

from .tern_files import KNOWN, WRONG, loads_or_is_refused, places, replaced


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
def test_every_value_replaced_by_a_wrong_one(file, graph, wrong):
    for path in places(graph):
        accepted = loads_or_is_refused(file, graph=replaced(graph, path, wrong))
        if wrong is None or isinstance(wrong, bool):
            assert not accepted or path[:1] == ("provenance",)


def test_every_key_missing_or_added(file, graph):
    for path in places(graph):
        parent = graph
        for key in path:
            parent = parent[key]
        if path[:1] == ("provenance",) or not isinstance(parent, dict):
            continue
        for key in parent:
            fewer = {other: value for other, value in parent.items() if other != key}
            assert not loads_or_is_refused(file, graph=replaced(graph, path, fewer))
        more = parent | {"dilation": 1}
        assert not loads_or_is_refused(file, graph=replaced(graph, path, more))


@pytest.mark.parametrize(
    ("path", "new", "message"),
    [
        ((), [], "its schema is None, but this version of Threefold reads 1…4"),
        (("schema",), 5, "its schema is 5, but this version of Threefold reads 1…4"),
        (("schema",), True, "its schema is True, but this version of Threefold reads 1…4"),
        (
            (),
            {"schema": 1},
            "the network must have exactly name, input, nodes, provenance, schema, not ['schema']",
        ),
        (
            ("input",),
            7,
            "its input must have exactly shape, max_code, step, offset, not 7",
        ),
        (
            ("input", "shape"),
            [6, 6],
            "height, width and channels must be 3 integers of 1…16777216, not [6, 6]",
        ),
        (("nodes",), {}, "its nodes must be a list, not {}"),
        (("nodes",), [], "weights.npz holds 'conv.weights.npy', which no node uses"),
        (
            ("nodes", 0),
            "conv",
            "a node must have exactly name, op, inputs, attributes, arrays, not 'conv'",
        ),
        (
            ("nodes", 0, "op"),
            "eval",
            f"operation 'eval' is unknown; known are {KNOWN}",
        ),
        (
            ("nodes", 0, "op"),
            [],
            f"operation [] is unknown; known are {KNOWN}",
        ),
        (("nodes", 0, "name"), "other", "weights.npz lacks 'other.weights.npy'"),
        (("nodes", 1, "name"), "conv", "weights.npz lacks 'conv.thresholds.npy'"),
        (
            ("nodes", 4, "name"),
            "Best",
            "node 'Best': node names are up to 64 lower case letters, digits and _, "
            "a letter first, not 'Best'",
        ),
        (
            ("nodes", 4, "inputs"),
            "abc",
            "node 'best': inputs of node 'best' must be names, not 'abc'",
        ),
        (
            ("nodes", 4, "inputs"),
            ["nothing"],
            "node 'best' reads 'nothing', which is not an earlier node",
        ),
        (
            ("nodes", 0, "attributes"),
            {"stride": [1, 1]},
            "node 'conv' must have attributes and arrays groups, padding, stride, weights",
        ),
        (
            ("nodes", 0, "attributes", "stride"),
            [2.0, 2],
            "node 'conv': stride must be 2 integers of 1…65536, not [2.0, 2]",
        ),
        (
            ("nodes", 0, "attributes", "padding"),
            [10**9, 0, 0, 0],
            "node 'conv': padding must be 4 integers of 0…65536, not [1000000000, 0, 0, 0]",
        ),
        (
            ("nodes", 0, "arrays"),
            {},
            "node 'conv' must have attributes and arrays groups, padding, stride, weights",
        ),
        (
            ("nodes", 0, "arrays", "weights"),
            [4, 3, 3, 1],
            "'conv.weights.npy' must have exactly shape, encoding, not [4, 3, 3, 1]",
        ),
        (
            ("nodes", 0, "arrays", "weights", "shape"),
            [4, 3, 0, 1],
            "'conv.weights.npy' has an impossible shape [4, 3, 0, 1]",
        ),
        (
            ("nodes", 0, "arrays", "weights", "shape"),
            [4, 3, 3, 2],
            "'conv.weights.npy' does not hold 72 ternary weights",
        ),
        (
            ("nodes", 0, "arrays", "weights", "encoding"),
            "pickle",
            "'conv.weights.npy' has an unknown encoding 'pickle'",
        ),
        (
            ("nodes", 0, "arrays", "weights", "encoding"),
            "integer",
            "'conv.weights.npy' does not hold integers of shape [4, 3, 3, 1]",
        ),
        (
            ("nodes", 1, "arrays", "thresholds", "shape"),
            [3, 4],
            "'relu.thresholds.npy' does not hold integers of shape [3, 4]",
        ),
        (
            ("nodes", 1, "attributes", "offset"),
            2**31 - 1,
            "node 'relu': values of codes must fit 32 bits, not 2147483653",
        ),
        (("provenance",), None, "provenance must be a mapping, not None"),
    ],
)
def test_messages_about_the_graph(refused, graph, path, new, message):
    refused(message, graph=replaced(graph, path, new))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"\xff\xfe\xff",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"1" * 5000,
        b'{"schema": 1, "schema": 1}',
        b'{"schema": NaN}',
        b'{"schema": -Infinity}',
    ],
    ids=range(9),
)
def test_what_is_no_json_is_refused(refused, text):
    refused("network.json is not valid JSON", graph=text)


def test_infinity_by_overflow_is_refused(file, graph):
    text = json.dumps(graph | {"provenance": {"loss": 0}}).replace('"loss": 0', '"loss": 1e999')
    with pytest.raises(
        FileFormatError,
        match=r"^.+: provenance must be plain JSON values: "
        r"Out of range float values are not JSON compliant(: inf)?$",
    ):
        file(graph=text.encode())


@pytest.mark.parametrize(
    "change",
    [
        lambda graph: graph.update(name="\ud800"),
        lambda graph: graph["nodes"][0].update(name="\ud800"),
        lambda graph: graph["nodes"][0].update(op="\ud800"),
        lambda graph: graph["nodes"][0].update(inputs=["\ud800"]),
        lambda graph: graph["nodes"][0]["attributes"].update({"\ud800": 1}),
        lambda graph: graph["provenance"].update({"a": "\ud800"}),
        lambda graph: graph.update({"\ud800": 1}),
    ],
    ids=["name", "node", "operation", "input", "attribute", "provenance", "more"],
)
def test_half_of_a_surrogate_pair_is_refused_in_a_line_that_can_be_shown(file, graph, change):
    change(graph)
    with pytest.raises(FileFormatError) as refusal:
        file(graph=json.dumps(graph).encode())
    assert str(refusal.value).encode()


def test_many_nodes_do_not_hang(graph, file):
    node = {"op": "argmax", "attributes": {}, "arrays": {}}
    graph["nodes"] = [node | {"name": f"n{i}", "inputs": ["input"]} for i in range(50_000)]
    started = time.process_time()
    assert not loads_or_is_refused(file, graph=graph, arrays={})
    assert time.process_time() - started < 5
