import json
import math

import numpy as np
import pytest

from threefold.network import Codes, Conv, Dense, Logits, Network, Tensor, load, save
from threefold.network.file import SCHEMA

from .tern_files import GENERATOR, members_of, npy_of


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


def test_bits_behind_the_last_weight_are_zero(refused, graph, arrays):
    graph["nodes"][2]["arrays"]["weights"]["shape"] = [3, 3, 3, 3]
    other = npy_of(np.array([0] * 20 + [0b01_00], np.uint8))
    refused(
        "'dense.weights.npy' holds weights that are not ternary",
        graph=graph,
        arrays=arrays | {"dense.weights.npy": other},
    )
