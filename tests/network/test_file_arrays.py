import os
import struct

import numpy as np
import pytest

from .tern_files import NETWORK, flipped, loads_or_is_refused, npy_of, peak_of


def npy_claiming(header, data=b""):
    header = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


@pytest.mark.parametrize("part", range(4))
def test_flipped_bits_within_the_arrays(arrays, file, part):
    loaded = 0
    for seed in range(150):
        seed = f"{part} {seed}"
        name = sorted(arrays)[part]
        damaged = arrays | {name: flipped(arrays[name], seed)}
        loaded += loads_or_is_refused(file, arrays=damaged)
    assert loaded > 0


def test_additional_arrays_are_refused(refused, arrays):
    extra = arrays | {"conv.extra.npy": npy_of(np.zeros(1, np.int8))}
    refused("weights.npz holds 'conv.extra.npy', which no node uses", arrays=extra)
    extra = arrays | {"conv.weights": arrays["conv.weights.npy"]}
    refused("weights.npz holds 'conv.weights', which no node uses", arrays=extra)


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


def test_integers_of_any_type_are_read_and_checked(file, refused, arrays):
    thresholds = np.array(NETWORK.nodes[1].op.thresholds)
    wide = arrays | {"relu.thresholds.npy": npy_of(thresholds.astype(">i8"))}
    assert np.array_equal(file(arrays=wide).nodes[1].op.thresholds, thresholds)
    huge = arrays | {"relu.thresholds.npy": npy_of(np.full(thresholds.shape, 2**63, np.uint64))}
    message = f"node 'relu': thresholds must fit int64, not {2**63}…{2**63}"
    refused(message, arrays=huge)
