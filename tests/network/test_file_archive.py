import struct
import zipfile
import zlib

import numpy as np
import pytest

from threefold.errors import FileFormatError

from .tern_files import flipped, loads_or_is_refused, members_of, npy_of, peak_of, zip_of


def test_every_truncation_is_refused(content, file):
    step = max(1, len(content) // 200)
    for length in [*range(0, len(content), step), len(content) - 1]:
        with pytest.raises(FileFormatError, match=r"^.+ is not a complete zip archive$"):
            file(content[:length])


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


def test_a_wrong_checksum_is_refused(refused, content):
    start = content.index(zlib.crc32(members_of(content)["network.json"]).to_bytes(4, "little"))
    damaged = bytearray(content)
    damaged[start] ^= 1
    second = content.index(content[start : start + 4], start + 4)
    damaged[second] ^= 1
    refused("the file is not a complete zip archive", bytes(damaged))
