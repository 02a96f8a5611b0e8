"""Network files taken apart, put together and damaged."""

import copy
import io
import json
import random
import tracemalloc
import zipfile

import numpy as np
import pytest

from threefold.errors import FileFormatError
from threefold.network import ArgMax, Codes, Conv, Dense, Logits, Network, Tensor, Threshold
from threefold.sim.golden import run

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


def peak_of(action):
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


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
