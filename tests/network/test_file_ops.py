"""Files with every operation: what is written comes back, what is wrong is refused."""

import io
import json
import re
import zipfile

import numpy as np
import pytest

from threefold.errors import FileFormatError
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
    load,
    save,
)
from threefold.network.op import OPS
from threefold.sim.golden import evaluate, run

GENERATOR = np.random.default_rng(1)
NETWORK = Network(
    "residual",
    Tensor((6, 6, 2), Codes.signed(4)),
    [
        Node("stem", Conv(GENERATOR.integers(-1, 2, (4, 3, 3, 2)), (2, 2), (1,) * 4), [INPUT]),
        Node("branch", Threshold(np.sort(GENERATOR.integers(-20, 20, (4, 15)))), ["stem"]),
        Node("subsample", MaxPool((2, 1), (2, 2), (1, 0, 0, 0)), [INPUT]),
        Node("shortcut", PadChannels(1, 1), ["subsample"]),
        Node("sum", Add(), ["branch", "shortcut"]),
        Node("both", Concat(), ["sum", "sum"]),
        Node("pool", SumPool((2, 1), (1, 2)), ["both"]),
        Node("vector", Flatten(), ["pool"]),
        Node("dense", Dense(GENERATOR.integers(-1, 2, (3, 32))), ["vector"]),
        Node("logits", Logits([1, -2, 3]), ["dense"]),
        Node("best", ArgMax(), ["logits"]),
    ],
)
WRONG = [
    None, True, False, 0, 1, -1, 2, 0.5, 2**31, 2**63, 10**400, "", "input", [], {}, [[]], [None],
    [1, 1], [1, 1, 1, 1], [0, 0], [2**16, 2**16], [2**16, 2**16, 0, 0], [2**17] * 2,
    ["sum", "stem"], ["sum", "subsample"], ["input", "input"], ["sum"] * 3, {"kernel": [1, 1]},
]  # fmt: skip


@pytest.fixture
def graph_and_file(tmp_path):
    """The JSON of a file, and what loads the file with another JSON in its place."""
    path = tmp_path / "net.tern"
    save(NETWORK, path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}

    def load_with(graph):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("network.json", json.dumps(graph))
            archive.writestr("weights.npz", members["weights.npz"])
        path.write_bytes(stream.getvalue())
        return load(path)

    return json.loads(members["network.json"]), load_with


def test_the_network_has_every_operation():
    assert {node.op.kind for node in NETWORK.nodes} == set(OPS)


def test_every_operation_comes_back(tmp_path):
    save(NETWORK, tmp_path / "net.tern")
    again = load(tmp_path / "net.tern")
    assert again.types == NETWORK.types
    for node, expected in zip(again.nodes, NETWORK.nodes, strict=True):
        assert (node.name, type(node.op), node.inputs) == (
            expected.name,
            type(expected.op),
            expected.inputs,
        )
        assert node.op.attributes() == expected.op.attributes()
    images = GENERATOR.integers(0, 16, (20, 6, 6, 2))
    results = evaluate(NETWORK, images)
    for name, values in evaluate(again, images).items():
        assert np.array_equal(values, results[name])


def is_refused(load_with, graph):
    """Whether the file is refused in one short line; if not, the network works."""
    try:
        network = load_with(graph)
    except FileFormatError as error:
        if "\n" in str(error) or len(str(error)) > 500:
            pytest.fail(f"not one short line: {error}")
        return True
    run(network, np.zeros((1, *network.input.shape), int))
    return False


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
def test_every_part_of_a_node_replaced_by_a_wrong_one(graph_and_file, wrong):
    graph, load_with = graph_and_file
    for node in graph["nodes"]:
        for parent in (node, node["attributes"]):
            for key, right in list(parent.items()):
                parent[key] = wrong
                refused = is_refused(load_with, graph)
                assert refused or not isinstance(wrong, bool | None)
                parent[key] = right


@pytest.mark.parametrize(
    ("node", "change", "message"),
    [
        (
            "subsample",
            {"attributes": {"kernel": [2, 1], "stride": [2, 2]}},
            "node 'subsample' must have attributes and arrays kernel, padding, stride",
        ),
        (
            "subsample",
            {"attributes": {"kernel": [2, 1], "stride": [2, 2], "padding": [2, 0, 0, 0]}},
            "node 'subsample': padding must be smaller than the 2×1 kernel, not (2, 0, 0, 0)",
        ),
        (
            "shortcut",
            {"attributes": {"before": 2**64, "after": 1}},
            "node 'shortcut': the number of channels before must be an integer of 0…16777216, "
            f"not {2**64}",
        ),
        (
            "sum",
            {"inputs": ["branch", "subsample"]},
            "node 'sum': residuals of different shapes cannot be added: "
            "3×3×4 codes 0…15 and 3×3×2 codes 0…15 = -8…7",
        ),
        (
            "sum",
            {"attributes": {"scale": 2}},
            "node 'sum' must have attributes and arrays ",
        ),
        (
            "pool",
            {"attributes": {"kernel": [0, 1], "stride": [1, 2]}},
            "node 'pool': kernel must be 2 integers of 1…65536, not [0, 1]",
        ),
    ],
)
def test_messages_about_operations(graph_and_file, tmp_path, node, change, message):
    graph, load_with = graph_and_file
    next(part for part in graph["nodes"] if part["name"] == node).update(change)
    expected = f"{tmp_path / 'net.tern'} is not a usable network: {message}"
    with pytest.raises(FileFormatError, match=f"^{re.escape(expected)}$"):
        load_with(graph)
