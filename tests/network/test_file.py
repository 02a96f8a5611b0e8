import copy
import io
import json
import math
import os
import random
import re
import struct
import time
import tracemalloc
import zipfile
import zlib
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.errors import BuildError, FileFormatError, NetworkError, ThreefoldError
from threefold.network import (
    ArgMax,
    Codes,
    Conv,
    Dense,
    Logits,
    Network,
    Tensor,
    Threshold,
    load,
    save,
)
from threefold.network.file import SCHEMA, digest
from threefold.network.op import OPS
from threefold.sim.golden import run

from ..strategies import images_for, networks

COMPRESSOR = zlib.compressobj
KNOWN = "add, argmax, concat, conv, flatten, logits, max_pool, pad_channels, sum_pool, threshold"
GENERATOR = np.random.default_rng(1)
NETWORK = Network.chain(
    "net",
    Tensor((6, 6, 2), Codes.signed(4)),
    [
        ("conv", Conv(GENERATOR.integers(-1, 2, (4, 3, 3, 1)), (2, 2), (1, 1, 0, 0), 2)),
        ("relu", Threshold([[0, 5, 300], [1, 2, 3], [-9, 0, 9], [-1, 0, 1]], 2, -2)),
        ("dense", Dense(GENERATOR.integers(-1, 2, (3, 36)), (3, 3, 4))),
        ("logits", Logits([1, -2, 70000])),
        ("best", ArgMax()),
    ],
    {"seed": 1, "accuracy": 0.5, "tools": ["torch 2"]},
)


def members_of(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zip_of(members, compression=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members.items() if isinstance(members, dict) else members:
            archive.writestr(name, content)
    return stream.getvalue()


def npy_of(array, **options):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, **options)
    return stream.getvalue()


def npy_claiming(header, data=b""):
    header = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def earlier(content, schema):
    """The same file as an earlier version of the format has it."""
    members = members_of(content)
    graph = members["network.json"].replace(b'"thresholds"', b'"levels"')
    arrays = {
        name.replace(".thresholds.", ".levels."): array
        for name, array in members_of(members["weights.npz"]).items()
    }
    text = json.dumps(json.loads(graph) | {"schema": schema})
    return zip_of({"network.json": text, "weights.npz": zip_of(arrays)})


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp("file") / "net.tern"
    save(NETWORK, path)
    return path.read_bytes()


@pytest.fixture
def graph(content):
    return json.loads(members_of(content)["network.json"])


@pytest.fixture
def arrays(content):
    return members_of(members_of(content)["weights.npz"])


@pytest.fixture
def file(tmp_path, content):
    """Writes a file, whole or with parts replaced, and loads it."""

    def write(whole=None, *, graph=..., arrays=...):
        members = members_of(content)
        if graph is not ...:
            text = graph if isinstance(graph, bytes) else json.dumps(graph)
            members["network.json"] = text
        if arrays is not ...:
            members["weights.npz"] = arrays if isinstance(arrays, bytes) else zip_of(arrays)
        path = tmp_path / "net.tern"
        path.write_bytes(whole if whole is not None else zip_of(members))
        return load(path)

    return write


@pytest.fixture
def refused(file, tmp_path):
    def check(message, *whole, **parts):
        expected = f"{tmp_path / 'net.tern'} is not a usable network: {message}"
        with pytest.raises(FileFormatError, match=f"^{re.escape(expected)}$"):
            file(*whole, **parts)

    return check


@given(st.data())
def test_round_trip(tmp_path_factory, data):
    network = data.draw(networks())
    folder = tmp_path_factory.mktemp("round")
    save(network, folder / "a.tern")
    again = load(folder / "a.tern")
    save(again, folder / "b.tern")
    assert (folder / "a.tern").read_bytes() == (folder / "b.tern").read_bytes()
    assert again.name == network.name
    assert again.types == network.types
    assert again.provenance == network.provenance
    images = data.draw(images_for(network))
    assert np.array_equal(run(again, images), run(network, images))


def test_digest_is_that_of_what_the_file_holds(content):
    members = members_of(content)
    hashed = sha256()
    for name in ("network.json", "weights.npz"):
        hashed.update(struct.pack("<Q", len(members[name])) + members[name])
    assert digest(NETWORK) == hashed.hexdigest()


def test_digest_does_not_depend_on_compression(content, tmp_path, monkeypatch):
    before = digest(NETWORK)
    monkeypatch.setattr(zlib, "compressobj", lambda *args: COMPRESSOR(0, *args[1:]))
    assert digest(NETWORK) == before
    save(NETWORK, tmp_path / "net.tern")
    assert (tmp_path / "net.tern").read_bytes() != content
    assert digest(load(tmp_path / "net.tern")) == before


def test_bytes_of_a_file_do_not_depend_on_time_or_order(content, tmp_path, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 2e9)
    shuffled = dict(reversed(NETWORK.provenance.items()))
    save(Network("net", NETWORK.input, NETWORK.nodes, shuffled), tmp_path / "b.tern")
    assert (tmp_path / "b.tern").read_bytes() == content


def test_format_is_stable(graph, arrays):
    assert (graph["schema"], SCHEMA) == (3, 4)
    assert sorted(graph) == ["input", "name", "nodes", "provenance", "schema"]
    assert graph["input"] == {"shape": [6, 6, 2], "max_code": 15, "step": 1, "offset": -8}
    assert graph["nodes"][0] == {
        "name": "conv",
        "op": "conv",
        "inputs": ["input"],
        "attributes": {"stride": [2, 2], "padding": [1, 1, 0, 0], "groups": 2},
        "arrays": {"weights": {"shape": [4, 3, 3, 1], "encoding": "ternary"}},
    }
    assert sorted(arrays) == [
        "conv.weights.npy",
        "dense.weights.npy",
        "logits.bias.npy",
        "relu.thresholds.npy",
    ]
    assert sorted(OPS) == KNOWN.split(", ")


def test_schema_1_is_read(content, tmp_path):
    path = tmp_path / "net.tern"
    path.write_bytes(earlier(content, 1))
    assert b"thresholds" not in members_of(path.read_bytes())["network.json"]
    assert load(path) == NETWORK
    save(load(path), path)
    assert path.read_bytes() == content


def test_each_schema_has_its_own_name_of_thresholds(content, graph, arrays, refused):
    fields = "node 'relu' must have attributes and arrays {}"
    refused(fields.format("levels, offset, step"), graph=graph | {"schema": 1}, arrays=arrays)
    old = json.loads(members_of(earlier(content, 1))["network.json"])
    refused(fields.format("offset, step, thresholds"), graph=old | {"schema": 3}, arrays=arrays)


def test_arrays_are_read_by_numpy(content):
    with np.load(io.BytesIO(members_of(content)["weights.npz"])) as arrays:
        assert arrays["relu.thresholds"].tolist() == NETWORK.nodes[1].op.thresholds.tolist()
        assert {name: str(arrays[name].dtype) for name in arrays} == {
            "conv.weights": "uint8",
            "dense.weights": "uint8",
            "logits.bias": "int32",
            "relu.thresholds": "int16",
        }


def test_four_ternary_weights_take_a_byte(tmp_path):
    weights = GENERATOR.integers(-1, 2, (100, 1003))
    path = tmp_path / "net.tern"
    save(Network.chain("net", Tensor((1, 1, 1003), Codes(1)), [("dense", Dense(weights))]), path)
    packed = members_of(members_of(path.read_bytes())["weights.npz"])["dense.weights.npy"]
    assert len(packed) == 128 + math.ceil(weights.size / 4)
    assert path.stat().st_size < weights.size / 4 + 1500
    assert np.array_equal(load(path).nodes[0].op.matrix, weights)


@pytest.mark.parametrize("bits", range(3, Conv.MAX_BITS + 1))
def test_weights_of_several_bits_take_as_many(bits, tmp_path):
    largest = 2 ** (bits - 1) - 1
    weights = GENERATOR.integers(-largest, largest + 1, (33, 5, 5, 7))
    path, conv = tmp_path / "net.tern", Conv(weights, bits=bits)
    save(Network.chain("net", Tensor((5, 5, 7), Codes(1)), [("conv", conv)]), path)
    members = members_of(path.read_bytes())
    graph = json.loads(members["network.json"])
    assert graph["schema"] == SCHEMA
    assert graph["nodes"][0]["attributes"]["bits"] == bits
    assert graph["nodes"][0]["arrays"]["weights"]["encoding"] == f"{bits} bits"
    packed = members_of(members["weights.npz"])["conv.weights.npy"]
    assert len(packed) == 128 + math.ceil(weights.size * bits / 8)
    again = load(path).nodes[0].op
    assert again == conv
    assert again.weights.dtype == conv.weights.dtype


def test_weights_are_packed_in_parts_that_do_not_show(tmp_path):
    path = tmp_path / "net.tern"
    conv = Dense(GENERATOR.integers(-15, 16, (3, 65536 + 9)), bits=5)
    save(Network.chain("net", Tensor((1, 1, 65536 + 9), Codes(1)), [("dense", conv)]), path)
    assert load(path).nodes[0].op == conv


WIDE = Network.chain(
    "wide",
    Tensor((1, 1, 3), Codes.unsigned(4)),
    [("dense", Dense([[-3, 0, 3], [1, 2, 3]], bits=3)), ("logits", Logits([1, 2]))],
)


@pytest.fixture
def wide(tmp_path):
    save(WIDE, tmp_path / "wide.tern")
    members = members_of((tmp_path / "wide.tern").read_bytes())
    return json.loads(members["network.json"]), members_of(members["weights.npz"])


@pytest.mark.parametrize(
    ("packed", "message"),
    [
        ([0b111, 0, 0], "'dense.weights.npy' holds weights that are out of the range of 3 bits"),
        ([0, 0, 0b100], "'dense.weights.npy' holds weights that are out of the range of 3 bits"),
        ([0, 0], "'dense.weights.npy' does not hold 6 weights of 3 bits"),
    ],
)
def test_packed_weights_fit_their_width(refused, wide, packed, message):
    graph, arrays = wide
    other = npy_of(np.array(packed, np.uint8))
    refused(message, graph=graph, arrays=arrays | {"dense.weights.npy": other})


FIELDS = "node 'dense' must have attributes and arrays groups, padding, stride, weights"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"bits": 2},
            "node 'dense': weights must be -1, 0 or 1, not -3…3; ternarize first, or state bits=3",
        ),
        ({"bits": 99}, "node 'dense': bits must be an integer of 2…9, not 99"),
        ({"bytes": 1}, FIELDS),
    ],
)
def test_widths_of_weights_are_checked(refused, wide, change, message):
    graph, arrays = wide
    graph["nodes"][0]["attributes"] |= change
    refused(message, graph=graph, arrays=arrays)


def test_earlier_schemas_have_ternary_weights(refused, wide):
    graph, arrays = wide
    refused(FIELDS, graph=graph | {"schema": 3}, arrays=arrays)


@pytest.mark.parametrize(
    ("thresholds", "dtype"),
    [
        ([-128, 127], "|i1"),
        ([-129, 0], "<i2"),
        ([0, 2**15], "<i4"),
        ([-(2**31) - 1, 0], "<i8"),
        ([-(2**62), 2**62], "<i8"),
    ],
)
def test_integers_take_the_narrowest_type(tmp_path, thresholds, dtype):
    path = tmp_path / "net.tern"
    ops = [("dense", Dense([[1]])), ("thresholds", Threshold([thresholds]))]
    save(Network.chain("net", Tensor((1, 1, 1), Codes(1)), ops), path)
    stored = members_of(members_of(path.read_bytes())["weights.npz"])["thresholds.thresholds.npy"]
    assert f"'{dtype}'".encode() in stored
    assert load(path).nodes[1].op.thresholds.tolist() == [thresholds]


def test_what_does_not_fit_a_file_is_refused(tmp_path):
    network = Network.chain(
        "net", NETWORK.input, [(n.name, n.op) for n in NETWORK.nodes], {"log": "x" * 2**24}
    )
    with pytest.raises(
        NetworkError,
        match=r"^network 'net' takes 1677\d{4} bytes, but files hold at most 16777216$",
    ):
        save(network, tmp_path / "net.tern")
    assert not (tmp_path / "net.tern").exists()


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "net.tern").mkdir()
    with pytest.raises(
        BuildError, match=r"^cannot write .+net\.tern: Is a directory; choose another with -o$"
    ):
        save(NETWORK, tmp_path / "net.tern")
    assert [path.name for path in tmp_path.iterdir()] == ["net.tern"]


def test_paths_that_are_no_files(tmp_path):
    with pytest.raises(FileFormatError, match=r"^cannot read .+none\.tern: No such file or .+$"):
        load(tmp_path / "none.tern")
    with pytest.raises(FileFormatError, match=r"^cannot read .+: Is a directory$"):
        load(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(
        FileFormatError, match=r"^.+pipe is not a usable network: it is not a regular file$"
    ):
        load(tmp_path / "pipe")


def test_a_file_that_may_not_be_read(file, content, monkeypatch):
    def forbidden(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", forbidden)
    with pytest.raises(FileFormatError, match=r"^cannot read .+net\.tern: Permission denied$"):
        file(content)


def test_a_file_of_any_size_is_refused_early(tmp_path):
    with (tmp_path / "net.tern").open("wb") as sparse:
        sparse.truncate(2**40)
    with pytest.raises(
        FileFormatError, match=r"^.+net\.tern is not a usable network: it is larger than 16 MiB$"
    ):
        load(tmp_path / "net.tern")


def test_every_truncation_is_refused(content, file):
    step = max(1, len(content) // 200)
    for length in [*range(0, len(content), step), len(content) - 1]:
        with pytest.raises(FileFormatError, match=r"^.+ is not a complete zip archive$"):
            file(content[:length])


def loads_or_is_refused(file, *whole, **parts):
    """Whether the file loads; anything but a one-line FileFormatError is a failure."""
    try:
        network = file(*whole, **parts)
    except FileFormatError as error:
        if "\n" in str(error) or len(str(error)) > 500:
            pytest.fail(f"not one short line: {error}")
        return False
    run(network, np.zeros((1, *network.input.shape), int))
    return True


def flipped(content, seed):
    generator = random.Random(seed)
    damaged = bytearray(content)
    for _ in range(generator.choice([1, 1, 2, 8])):
        damaged[generator.randrange(len(damaged))] ^= 1 << generator.randrange(8)
    return bytes(damaged)


@pytest.mark.parametrize("part", range(4))
def test_flipped_bits_of_the_file(content, file, part):
    for seed in range(150):
        loads_or_is_refused(file, flipped(content, f"{part} {seed}"))


@pytest.mark.parametrize("part", range(4))
def test_flipped_bits_within_the_members(content, file, part):
    members = members_of(content)
    loaded = 0
    for seed in range(150):
        seed = f"{part} {seed}"
        loaded += loads_or_is_refused(file, graph=flipped(members["network.json"], seed))
        loaded += loads_or_is_refused(file, arrays=flipped(members["weights.npz"], seed))
    assert loaded > 0


@pytest.mark.parametrize("part", range(4))
def test_flipped_bits_within_the_arrays(arrays, file, part):
    loaded = 0
    for seed in range(150):
        seed = f"{part} {seed}"
        name = sorted(arrays)[part]
        damaged = arrays | {name: flipped(arrays[name], seed)}
        loaded += loads_or_is_refused(file, arrays=damaged)
    assert loaded > 0


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, key))
        else:
            yield (*path, key)


def replaced(value, path, new):
    if not path:
        return new
    value = copy.copy(value)
    value[path[0]] = replaced(value[path[0]], path[1:], new)
    return value


WRONG = [
    None, True, False, 0, 1, -1, 2, 0.5, 1.0, 1e999, 1e-999, 2**31, 2**63, -(2**64), 10**4000,
    "", "input", "conv", "x" * 10**5, "a\nb", "\0", "\ud800", "../x",
    [], {}, [[]], [{}], [None], [1], [1, 1], ["input"], ["input", "input"], [2**62] * 3,
    [2**24] * 4, [1] * 50_000, [2**26] * 50_000, {"": None}, {"weights": 1}, {"shape": [1]},
]  # fmt: skip


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


def test_members_are_the_two(refused, content):
    members = members_of(content)
    only = "the file must hold network.json and weights.npz only"
    refused(only, zip_of(members | {"../../evil.py": b"x"}))
    refused(only, zip_of({"network.json": members["network.json"]}))
    refused(only, zip_of({}))
    refused(
        only,
        zip_of({"/network.json": members["network.json"], "weights.npz": members["weights.npz"]}),
    )


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_occur_once(refused, content, arrays):
    refused("the file holds a member twice", zip_of([*members_of(content).items()] * 2))
    refused("weights.npz holds a member twice", arrays=zip_of([*arrays.items()] * 2))


def test_nothing_is_written_beside_the_file(file, arrays, tmp_path):
    with pytest.raises(FileFormatError, match=r"^.+ array '\.\./evil' is not a plain .+$"):
        file(arrays=arrays | {"../evil": b"x"})
    assert [path.name for path in tmp_path.iterdir()] == ["net.tern"]


def test_additional_arrays_are_refused(refused, arrays):
    extra = arrays | {"conv.extra.npy": npy_of(np.zeros(1, np.int8))}
    refused("weights.npz holds 'conv.extra.npy', which no node uses", arrays=extra)
    extra = arrays | {"conv.weights": arrays["conv.weights.npy"]}
    refused("weights.npz holds 'conv.weights', which no node uses", arrays=extra)


def test_a_file_with_something_before_the_zip_still_loads(file, content):
    assert file(b"#!/bin/sh\n" + content).name == "net"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(refused, content, method):
    refused(
        "the file is compressed in another way than deflate", zip_of(members_of(content), method)
    )


def test_encrypted_members_are_refused(refused, content):
    start = content.index(b"PK\x01\x02")
    encrypted = content[: start + 8] + b"\x01\x00" + content[start + 10 :]
    refused("the file is not a complete zip archive", encrypted)


def peak_of(action):
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_bombs_are_refused_before_they_unpack(refused, content, arrays):
    bomb = zip_of(members_of(content) | {"network.json": b" " * 2**27})
    assert len(bomb) < 2**18
    peak = peak_of(lambda: refused("the file unpacks to more than 16 MiB", bomb))
    assert peak < 2**22
    inner = zip_of(arrays | {"bomb.npy": b"\0" * 2**27})
    peak = peak_of(lambda: refused("weights.npz unpacks to more than 16 MiB", arrays=inner))
    assert peak < 2**22


def test_a_bomb_that_lies_about_its_size(refused, content):
    members = members_of(content) | {"network.json": b" " * 2**27}
    bomb = bytearray(zip_of(members))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = bomb.index(signature) + offset
        assert struct.unpack_from("<I", bomb, start) == (2**27,)
        struct.pack_into("<I", bomb, start, 100)
    peak = peak_of(lambda: refused("the file is not a complete zip archive", bytes(bomb)))
    assert peak < 2**23


def test_a_bomb_of_zeros_takes_no_more_than_its_weights(file, graph, arrays):
    packed = np.full(2**21, 0b01010101, np.uint8)
    count = 4 * packed.size
    graph["nodes"] = [graph["nodes"][0]]
    graph["nodes"][0]["attributes"] = {"stride": [1, 1], "padding": [0] * 4, "groups": 1}
    graph["nodes"][0]["arrays"]["weights"]["shape"] = [1, 1, 1, count]
    graph["input"]["shape"] = [1, 1, count]
    only = {"conv.weights.npy": npy_of(packed)}
    peak = peak_of(lambda: file(graph=graph, arrays=only))
    assert peak < 4 * count


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (10000000000000,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (9, 1000000000000000000000)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-9,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-3, -3)}",
        "{'descr': '|u1', 'fortran_order': True, 'shape': (9,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (9L,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': 9}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (9,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (9,)}",
        "{'descr': [('a', '|u1')], 'fortran_order': False, 'shape': (9,)}",
        "{'descr': '|V1', 'fortran_order': False, 'shape': (9,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (9,), 'x': 1}",
        "__import__('os').system('true')",
        "(" * 9000,
        "{" * 9000,
        " " * 60_000,
        "'\\z'",
        "",
    ],
)
def test_array_headers_are_not_believed(refused, arrays, header):
    message = "array 'conv.weights.npy' is not a plain integer array"
    hostile = arrays | {"conv.weights.npy": npy_claiming(header, bytes(9))}
    assert peak_of(lambda: refused(message, arrays=hostile)) < 2**24


def test_pickles_are_refused(refused, arrays):
    class Evil:
        def __reduce__(self):
            return (os.system, ("exit 1",))

    pickled = npy_of(np.array([Evil()], object), allow_pickle=True)
    refused(
        "array 'conv.weights.npy' is not a plain integer array",
        arrays=arrays | {"conv.weights.npy": pickled},
    )


@pytest.mark.parametrize("version", [(2, 0), (3, 0)])
def test_other_array_versions_are_refused(refused, arrays, version):
    other = npy_of(np.zeros(9, np.uint8), version=version)
    refused(
        "array 'conv.weights.npy' is not a plain integer array",
        arrays=arrays | {"conv.weights.npy": other},
    )


@pytest.mark.parametrize(
    ("packed", "message"),
    [
        ([0b11] + [0] * 8, "'conv.weights.npy' holds weights that are not ternary"),
        ([0] * 8 + [0b11_00_00_00], "'conv.weights.npy' holds weights that are not ternary"),
        ([0] * 8, "'conv.weights.npy' does not hold 36 ternary weights"),
    ],
)
def test_packed_weights_are_ternary(refused, arrays, packed, message):
    other = npy_of(np.array(packed, np.uint8))
    refused(message, arrays=arrays | {"conv.weights.npy": other})


def test_integers_of_any_type_are_read_and_checked(file, refused, arrays):
    thresholds = np.array(NETWORK.nodes[1].op.thresholds)
    wide = arrays | {"relu.thresholds.npy": npy_of(thresholds.astype(">i8"))}
    assert np.array_equal(file(arrays=wide).nodes[1].op.thresholds, thresholds)
    huge = arrays | {"relu.thresholds.npy": npy_of(np.full(thresholds.shape, 2**63, np.uint64))}
    message = f"node 'relu': thresholds must fit int64, not {2**63}…{2**63}"
    refused(message, arrays=huge)


def test_bits_behind_the_last_weight_are_zero(refused, graph, arrays):
    graph["nodes"][2]["arrays"]["weights"]["shape"] = [3, 3, 3, 3]
    other = npy_of(np.array([0] * 20 + [0b01_00], np.uint8))
    refused(
        "'dense.weights.npy' holds weights that are not ternary",
        graph=graph,
        arrays=arrays | {"dense.weights.npy": other},
    )


def test_a_wrong_checksum_is_refused(refused, content):
    start = content.index(zlib.crc32(members_of(content)["network.json"]).to_bytes(4, "little"))
    damaged = bytearray(content)
    damaged[start] ^= 1
    second = content.index(content[start : start + 4], start + 4)
    damaged[second] ^= 1
    refused("the file is not a complete zip archive", bytes(damaged))


def test_many_nodes_do_not_hang(graph, file):
    node = {"op": "argmax", "attributes": {}, "arrays": {}}
    graph["nodes"] = [node | {"name": f"n{i}", "inputs": ["input"]} for i in range(50_000)]
    started = time.process_time()
    assert not loads_or_is_refused(file, graph=graph, arrays={})
    assert time.process_time() - started < 5


def test_all_errors_are_of_the_tree():
    assert issubclass(FileFormatError, ThreefoldError)
