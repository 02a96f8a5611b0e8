"""Branches that are added up as sums, or as codes of scales 2ᵏ apart."""

import numpy as np
import pytest

from threefold.network import Codes

from .agreement import agrees, operations, simulates
from .graphs import Graph
from .refusals import refusal

RNG = np.random.default_rng(11)
PADS = {"pads": [1] * 4}


def weights(*shape, largest=1, seed=0):
    return np.random.default_rng(seed).integers(-largest, largest + 1, shape)


def pixels(bits=4, signed=0, scale=0.5):
    graph = Graph("N", 2, 6, 6).quant(0.25, bits=4)
    return graph.conv(weights(3, 2, 1, 1, seed=5)).quant(scale, bits=bits, signed=signed)


def residual(graph, scale=1.0, seed=1, shift=0.0, last=None):
    """``graph`` plus two convolutions of it, with nothing behind the second."""
    start = graph.at
    graph.conv(weights(3, 3, 3, 3, seed=seed), **PADS).quant(0.5, bits=3)
    graph.conv(weights(3, 3, 3, 3, seed=seed + 1), scale, **PADS)
    if shift:
        graph.op("Add", shift)
    graph = last(graph) if last else graph
    return graph.node("Add", of=[start, graph.at])


@pytest.mark.parametrize("bits", [3, 4])
@pytest.mark.parametrize("scale", [0.25, 0.5, 1.0, 2.0, 8.0, -1.0])
def test_codes_and_sums(scale, bits):
    graph = residual(pixels(bits), scale, shift=0.125).node("Relu").quant(1.0, bits=5)
    made = agrees(graph.node("Flatten").matmul(weights(108, 3)))
    assert operations(made).count("Concat") == 1
    joined = next(node.op for node in made.network.nodes if "concat1" in node.inputs)
    assert np.abs(joined.weights).max() == max(abs(scale), 1 / abs(scale))


def test_scales_of_channels():
    scale = np.reshape([1.0, -0.5, 4.0], (3, 1, 1, 1))
    agrees(residual(pixels(), scale).quant(1.0, bits=5, signed=1))


def test_a_norm_ahead_of_the_sum():
    def norm(graph):
        return graph.norm([2.0, 0.5, -1.0], [0.25, -3, 1], [1.5, 0, -2], [1.0] * 3)

    made = agrees(residual(pixels(), last=norm).quant(1.0, bits=5, signed=1))
    assert operations(made).count("Concat") == 1


def test_a_stream_that_nothing_quantizes_from_block_to_block():
    graph = pixels()
    for seed in (1, 3):
        start = graph.at
        graph.quant(0.5, bits=3)
        graph.conv(weights(3, 3, 3, 3, seed=seed), **PADS).node("Add", of=[start, graph.at])
    made = agrees(graph.quant(1.0, bits=6, signed=1))
    assert operations(made).count("Concat") == 2
    assert simulates(made.network)


def test_a_projection():
    graph = pixels()
    start = graph.at
    graph.conv(weights(4, 3, 3, 3), strides=[2, 2], **PADS).quant(0.5, bits=3)
    first = graph.conv(weights(4, 4, 3, 3, seed=1), **PADS).at
    graph.node("Identity", of=[start])
    graph.conv(weights(4, 3, 1, 1, seed=2), 0.5, strides=[2, 2])
    graph.node("Add", of=[first, graph.at]).quant(1.0, bits=4, signed=1)
    made = agrees(graph)
    assert "MaxPool" in operations(made)
    assert simulates(made.network)


def test_two_layers_of_one_map_are_one():
    graph = pixels()
    start = graph.at
    first = graph.conv(weights(4, 3, 3, 3), strides=[2, 2], **PADS).at
    graph.node("Identity", of=[start])
    graph.conv(weights(4, 3, 1, 1, seed=2), 2.0, strides=[2, 2])
    made = agrees(graph.node("Add", of=[first, graph.at]).quant(1.0, bits=4, signed=1))
    assert operations(made) == ["Conv", "Threshold", "Conv", "Threshold"]


def test_groups():
    graph = pixels()
    start = graph.at
    first = graph.conv(weights(3, 1, 3, 3), group=3, **PADS).at
    graph.node("Identity", of=[start]).quant(0.5, bits=2).conv(weights(3, 3, 1, 1, seed=2))
    agrees(graph.node("Add", of=[first, graph.at]).quant(1.0, bits=4, signed=1))


@pytest.mark.parametrize("scale", [0.5, 1.0])
def test_vectors(scale):
    graph = Graph("N", 5).quant(0.5, bits=3).matmul(weights(5, 4)).quant(0.5, bits=4)
    start = graph.at
    graph.matmul(weights(4, 6, seed=1)).quant(1.0, bits=2).matmul(weights(6, 4, seed=2), scale)
    agrees(graph.node("Add", of=[start, graph.at]))


@pytest.mark.parametrize("turned", [False, True])
def test_vectors_of_maps(turned):
    graph = pixels()
    graph = graph.node("Transpose", perm=[0, 2, 3, 1]) if turned else graph
    start = graph.node("Flatten").at
    graph.matmul(weights(108, 108))
    made = agrees(graph.node("Add", of=[start, graph.at]).quant(1.0, bits=4, signed=1))
    assert operations(made)[2:] == ["Conv", "Threshold"]


def test_vectors_of_maps_of_different_sizes():
    graph = pixels()
    start = graph.at
    first = graph.node("Flatten").matmul(weights(108, 12)).at
    graph.node("MaxPool", of=[start], kernel_shape=[3, 3], strides=[3, 3]).node("Flatten")
    graph.matmul(weights(12, 12, seed=1))
    made = agrees(graph.node("Add", of=[first, graph.at]).quant(1.0, bits=4, signed=1))
    assert operations(made).count("Flatten") == 2


@pytest.mark.parametrize("scales", [(0.5, 2.0), (2.0, 0.5), (0.25, 0.25)])
@pytest.mark.parametrize("signed", [0, 1])
def test_codes_of_scales_in_proportion(scales, signed):
    graph = pixels(scale=scales[0], signed=signed)
    start = graph.at
    graph.conv(weights(3, 3, 1, 1)).quant(scales[1], bits=3)
    made = agrees(graph.node("Add", of=[start, graph.at]).conv(weights(2, 3, 3, 3)))
    extra = operations(made).count("Threshold") - 2
    assert extra == (scales[0] != scales[1])
    assert simulates(made.network)


def test_signed_codes_of_a_larger_scale():
    graph = Graph("N", 2, 6, 6).quant(0.25, bits=4).conv(np.reshape([1, -1, -1, -1], (2, 2, 1, 1)))
    start = graph.quant(1.0, bits=4, signed=1).at
    graph.conv(weights(2, 2, 1, 1)).quant(0.5, bits=3)
    made = agrees(graph.node("Add", of=[start, graph.at]).quant(0.5, bits=6, signed=1))
    assert made.network.types["add1"].codes == Codes(37, offset=-16)


def test_codes_that_count_in_steps():
    graph = pixels().conv(weights(3, 3, 1, 1)).bipolar(0.5)
    start = graph.at
    graph.conv(weights(3, 3, 1, 1)).quant(2.0, bits=2)
    made = agrees(graph.node("Add", of=[start, graph.at]).quant(0.5, bits=4, signed=1))
    assert made.network.types["add1"].codes == Codes(7, 2, -1)


def unequal_sizes():
    graph = pixels()
    start = graph.at
    graph.conv(weights(3, 3, 3, 3)).quant(0.5, bits=3)
    first = graph.conv(weights(3, 3, 1, 1)).at
    graph.node("Identity", of=[start]).conv(weights(3, 3, 3, 3))
    return graph.node("Add", of=[first, graph.at])


def wide():
    return residual(pixels(), 0.5**9)


def pooled():
    graph = pixels()
    start = graph.at
    graph.conv(weights(3, 3, 3, 3), **PADS).node("MaxPool", kernel_shape=[1, 1])
    return graph.node("Add", of=[start, graph.at])


def broadcast(filters, size):
    graph = pixels()
    start = graph.at
    first = graph.conv(weights(3, 3, 1, 1)).at
    graph.node("Identity", of=[start]).conv(weights(filters, 3, size, size))
    return graph.node("Add", of=[first, graph.at])


def many_channels():
    graph = Graph("N", 9000, 1, 1).quant(0.5)
    start = graph.at
    graph.conv(np.ones((9000, 1, 1, 1)), group=9000)
    return graph.node("Add", of=[start, graph.at])


CASES = [
    (
        lambda: broadcast(3, 6).quant(1.0),
        "Add 'Add_6' adds tensors of shapes (1, 3, 6, 6) and (1, 3, 1, 1); those of one shape are "
        "supported",
    ),
    (
        lambda: broadcast(1, 1).quant(1.0),
        "Add 'Add_6' adds tensors of shapes (1, 3, 6, 6) and (1, 1, 6, 6); those of one shape are "
        "supported",
    ),
    (
        lambda: many_channels().quant(1.0),
        "Add 'Add_2' adds sums by a layer of 81,000,000 weights, which no small FPGA holds; give "
        "the branches one quantizer",
    ),
    (
        lambda: residual(pixels(), 0.3).quant(1.0),
        "Add 'Add_6' adds sums of scales 0.5 and 0.150000006 in channel 0, whose ratio is no power "
        "of two; give the branches one quantizer",
    ),
    (
        lambda: wide().quant(1.0),
        "Add 'Add_6' adds sums whose weights are up to 512 units of the smaller scale, more than "
        "255; give the branches one quantizer",
    ),
    (
        lambda: unequal_sizes().quant(1.0),
        "Add 'Add_8' adds sums of windows over 4×4 pixels with stride (1, 1) and over 6×6 with "
        "stride (1, 1); put a quantizer of activations in front of it",
    ),
    (
        lambda: pooled().quant(1.0),
        "Add 'Add_5' reads real numbers; put a quantizer of activations in front of it",
    ),
]


@pytest.mark.parametrize(("graph", "message"), CASES)
def test_sums_that_are_refused(graph, message):
    assert refusal(graph()) == message
