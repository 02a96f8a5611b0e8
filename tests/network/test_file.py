import io
import json
import os
import struct
import time
import zlib
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.errors import BuildError, FileFormatError, NetworkError, ThreefoldError
from threefold.network import Codes, Dense, Network, Tensor, Threshold, load, save
from threefold.network.file import SCHEMA, digest
from threefold.network.op import OPS
from threefold.sim.golden import run

from ..strategies import images_for, networks
from .tern_files import KNOWN, NETWORK, earlier, members_of

COMPRESSOR = zlib.compressobj


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


def test_all_errors_are_of_the_tree():
    assert issubclass(FileFormatError, ThreefoldError)
