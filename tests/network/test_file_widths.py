import copy
import dataclasses
import json

import numpy as np
import pytest

from threefold.errors import FileFormatError
from threefold.network import (
    Codes,
    Conv,
    Dense,
    Logits,
    Network,
    PadChannels,
    Tensor,
    Threshold,
    Width,
    load,
    save,
)
from threefold.network.file import SCHEMA
from threefold.sim.golden import run

from .tern_files import (
    WRONG,
    earlier,
    loads_or_is_refused,
    members_of,
    npy_of,
    places,
    replaced,
)

GENERATOR = np.random.default_rng(2)
WIDTHS = {
    "w75": Width({"conv": 3}, {"relu": Threshold([[-2, 0, 2], [0, 1, 2], [4, 5, 600]])}),
    "w50": Width(
        {"conv": 2},
        {
            "relu": Threshold([[0, 1, 2], [3, 4, 5]]),
            "pad": PadChannels(0, 1),
            "logits": Logits([70000, 0, 0]),
        },
    ),
}
WHOLE = Network.chain(
    "net",
    Tensor((3, 3, 2), Codes.signed(4)),
    [
        ("conv", Conv(GENERATOR.integers(-1, 2, (4, 3, 3, 2)))),
        ("relu", Threshold([[0, 5, 300], [1, 2, 3], [-9, 0, 9], [-1, 0, 1]])),
        ("pad", PadChannels(1, 1)),
        ("dense", Dense(GENERATOR.integers(-1, 2, (3, 6)))),
        ("logits", Logits([1, -2, 70000])),
    ],
)
NETWORK = dataclasses.replace(WHOLE, widths=WIDTHS)


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp("file") / "net.tern"
    save(NETWORK, path)
    return path.read_bytes()


def message_of(action):
    with pytest.raises(FileFormatError) as caught:
        action()
    return str(caught.value).partition(" is not a usable network: ")[2]


def test_widths_survive_the_file(content, tmp_path):
    path = tmp_path / "net.tern"
    path.write_bytes(content)
    again = load(path)
    assert sorted(again.widths) == ["w50", "w75"]
    images = GENERATOR.integers(0, 16, (20, 3, 3, 2))
    assert np.array_equal(run(again, images), run(NETWORK, images))
    for name in WIDTHS:
        assert np.array_equal(run(again.at(name), images), run(NETWORK.at(name), images))
    save(again, path)
    assert path.read_bytes() == content


def test_the_order_of_widths_changes_no_byte(content, tmp_path):
    widths = dict(reversed(WIDTHS.items()))
    other = Network("net", NETWORK.input, NETWORK.nodes, {}, widths)
    save(other, tmp_path / "net.tern")
    assert (tmp_path / "net.tern").read_bytes() == content


def test_weights_are_stored_once(graph, arrays):
    assert sorted(arrays) == [
        *("conv.weights.npy", "dense.weights.npy", "logits.bias.npy", "relu.thresholds.npy"),
        *("w50.logits.bias.npy", "w50.relu.thresholds.npy", "w75.relu.thresholds.npy"),
    ]
    assert (graph["schema"], SCHEMA) == (3, 4)
    assert graph["widths"]["w75"]["filters"] == {"conv": 3}
    assert [node["name"] for node in graph["widths"]["w50"]["nodes"]] == ["logits", "pad", "relu"]


def test_the_network_of_a_width_is_stored_as_any_other(tmp_path):
    narrow = NETWORK.at("w50")
    save(narrow, tmp_path / "net.tern")
    stored = json.loads(members_of((tmp_path / "net.tern").read_bytes())["network.json"])
    assert "widths" not in stored
    images = GENERATOR.integers(0, 16, (20, 3, 3, 2))
    assert np.array_equal(run(load(tmp_path / "net.tern"), images), run(narrow, images))


@pytest.mark.parametrize(
    ("path", "new", "message"),
    [
        (
            ("schema",),
            1,
            "the network must have exactly name, input, nodes, provenance, schema, not "
            "['input', 'name', 'nodes', 'provenance', 'schema', 'widths']",
        ),
        (("widths",), [], "its widths must be an object of at least one, not []"),
        (("widths",), {}, "its widths must be an object of at least one, not {}"),
        (
            ("widths", "w50"),
            {"filters": {}},
            "width 'w50': it must have exactly filters, nodes, not ['filters']",
        ),
        (
            ("widths", "w50", "filters"),
            [2],
            "width 'w50': filters of a width must be a mapping from names of nodes, not [2]",
        ),
        (
            ("widths", "w50", "filters", "conv"),
            2.0,
            "width 'w50': the number of filters of 'conv' must be an integer of 1…16777216, "
            "not 2.0",
        ),
        (
            ("widths", "w50", "filters", "conv"),
            5,
            "width 'w50': node 'conv': it uses 5 filters, but there are 4",
        ),
        (
            ("widths", "w50", "filters", "conv"),
            3,
            "width 'w50': node 'relu': thresholds are given for 2 channels, but the input has 3",
        ),
        (
            ("widths", "w50", "filters"),
            {"conv": 2, "dense": 2},
            "width 'w50': the output 'logits' must keep all 3 channels, not 2",
        ),
        (("widths", "w50", "nodes"), {}, "width 'w50': its nodes must be a list, not {}"),
        (
            ("widths", "w50", "nodes", 1),
            "pad",
            "width 'w50': a node must have exactly name, op, attributes, arrays, not 'pad'",
        ),
        (
            ("widths", "w50", "nodes", 1, "name"),
            "logits",
            "width 'w50': its nodes need a name each, not 'logits'",
        ),
        (
            ("widths", "w50", "nodes", 1, "name"),
            None,
            "width 'w50': its nodes need a name each, not None",
        ),
        (
            ("widths", "w50", "nodes", 1, "name"),
            "pads",
            "width 'w50': there is no node 'pads'",
        ),
        (
            ("widths", "w50", "nodes", 2, "name"),
            "dense",
            "width 'w50': weights.npz lacks 'w50.dense.thresholds.npy'",
        ),
        (
            ("widths", "w50", "nodes", 1, "attributes", "before"),
            -1,
            "width 'w50': node 'pad': the number of channels before must be an integer of "
            "0…16777216, not -1",
        ),
        (
            ("widths", "w50", "nodes", 1, "attributes"),
            {"before": 1},
            "width 'w50': node 'pad' must have attributes and arrays after, before",
        ),
        (
            ("widths", "w50", "nodes", 2, "arrays", "thresholds", "shape"),
            [3, 3],
            "width 'w50': 'w50.relu.thresholds.npy' does not hold integers of shape [3, 3]",
        ),
        (
            ("widths", "w50", "nodes", 2, "attributes", "step"),
            2,
            "width 'w50': node 'relu': it gives codes 0…3 = 0…6 by 2, but codes 0…3 in the network",
        ),
    ],
)
def test_messages_about_widths(file, graph, path, new, message):
    assert message_of(lambda: file(graph=replaced(graph, path, new))) == message


def test_operations_that_no_width_has(file, graph):
    graph["widths"]["w50"]["nodes"][1] = {
        "name": "pad", "op": "argmax", "attributes": {}, "arrays": {},
    }  # fmt: skip
    assert message_of(lambda: file(graph=graph)) == (
        "width 'w50': a width has operations of its own of the kinds logits, pad_channels, "
        "threshold, not ArgMax() for 'pad'"
    )


def test_names_of_widths_are_names(file, graph, arrays):
    graph["widths"] = {"../x": graph["widths"]["w50"]}
    arrays = {f"../x.{key[4:]}" if key[:3] == "w50" else key: arrays[key] for key in arrays}
    arrays = {key: array for key, array in arrays.items() if key[:3] != "w75"}
    assert message_of(lambda: file(graph=graph, arrays=arrays)) == (
        "width names are up to 64 lower case letters, digits and _, a letter first, not '../x'"
    )


def test_arrays_of_widths_are_used_once(file, graph, arrays):
    del graph["widths"]["w75"]
    message = "weights.npz holds 'w75.relu.thresholds.npy', which no node uses"
    assert message_of(lambda: file(graph=graph)) == message
    extra = arrays | {"w50.conv.weights.npy": npy_of(np.zeros(1, np.int8))}
    message = "weights.npz holds 'w50.conv.weights.npy', which no node uses"
    del extra["w75.relu.thresholds.npy"]
    assert message_of(lambda: file(graph=graph, arrays=extra)) == message


def test_schema_2_is_read(content, tmp_path):
    path = tmp_path / "net.tern"
    path.write_bytes(earlier(content, 2))
    assert b"thresholds" not in members_of(path.read_bytes())["network.json"]
    assert load(path) == NETWORK
    save(load(path), path)
    assert path.read_bytes() == content


def test_schema_2_has_widths(file, graph, arrays):
    graph["schema"] = 2
    del graph["widths"]
    few = {key: array for key, array in arrays.items() if key[0] != "w"}
    assert message_of(lambda: file(graph=graph, arrays=few)) == (
        "the network must have exactly name, input, nodes, provenance, schema, widths, not "
        "['input', 'name', 'nodes', 'provenance', 'schema']"
    )


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
def test_every_value_of_widths_replaced_by_a_wrong_one(file, graph, wrong):
    for path in places(graph["widths"]):
        changed = copy.deepcopy(graph)
        changed["widths"] = replaced(graph["widths"], path, wrong)
        loads_or_is_refused(file, graph=changed)
