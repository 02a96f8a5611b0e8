"""Offsets behind a quantizer, where a layer pads with 0."""

import numpy as np
import pytest

from threefold.importer import Input
from threefold.network import Codes

from .agreement import agrees, operations, simulates
from .graphs import Graph
from .refusals import refusal

KERNEL = np.random.default_rng(3).integers(-1, 2, (4, 2, 3, 3))
PADS = {"pads": [1, 1, 1, 1]}


def pixels(scale=0.5, bits=3, signed=0):
    graph = Graph("N", 2, 5, 5).quant(0.25, bits=4)
    graph.conv(np.random.default_rng(4).integers(-1, 2, (2, 2, 1, 1)))
    return graph.quant(scale, bits=bits, signed=signed)


@pytest.mark.parametrize("op", ["Add", "Sub"])
@pytest.mark.parametrize("offset", [-3.5, -1.0, -0.5, -0.25, 0.25, 1.75, 2.0])
@pytest.mark.parametrize("signed", [0, 1])
def test_offsets_of_whole_and_half_steps(op, offset, signed):
    agrees(pixels(signed=signed).op(op, offset).conv(KERNEL, **PADS))


@pytest.mark.parametrize("seed", range(20))
def test_random_offsets_scales_and_pools(seed):
    rng = np.random.default_rng(seed)
    graph = pixels(signed=int(rng.integers(2)), bits=int(rng.integers(2, 5)))
    graph.op("Add", rng.integers(-9, 10) / 4)
    if rng.integers(2):
        graph.node("MaxPool", kernel_shape=[2, 2], strides=[1, 1])
    graph.op("Mul", float(rng.choice([-0.5, 2.0, 1.0])))
    pads = rng.integers(0, 3, 4).tolist()
    agrees(graph.conv(KERNEL, pads=pads).quant(1.0, bits=4, signed=1))


@pytest.mark.parametrize("scale", [0.3, 1 / 3, 0.0123])
def test_scales_that_are_no_powers_of_two(scale):
    scale = np.float32(scale)
    graph = pixels(scale=scale).op("Sub", 2 * scale).conv(KERNEL, **PADS).op("Add", scale / 7)
    agrees(graph.quant(2.0, bits=4, signed=1))


def test_an_offset_that_only_one_layer_reads_is_free():
    made = agrees(pixels().op("Sub", 1.0).op("Mul", 0.5).conv(KERNEL, **PADS), argmax=False)
    assert operations(made) == ["Conv", "Threshold", "Conv", "Logits"]
    assert made.network.types["act1"].codes == Codes(7, offset=-2)
    assert simulates(made.network)


def test_an_offset_is_free_through_a_pool():
    graph = pixels().op("Sub", 1.0).node("MaxPool", kernel_shape=[2, 2]).conv(KERNEL, **PADS)
    made = agrees(graph)
    assert operations(made) == ["Conv", "Threshold", "MaxPool", "Conv", "Logits"]
    assert simulates(made.network)


@pytest.mark.parametrize("where", ["quantizer", "output of the step", "pool"])
def test_codes_that_others_read_keep_their_meaning(where):
    graph = pixels()
    at = graph.at if where == "quantizer" else None
    graph.op("Sub", 1.0)
    at = graph.at if where == "output of the step" else at
    graph.node("MaxPool", kernel_shape=[1, 1])
    at = at or graph.at
    first = graph.conv(KERNEL, **PADS).quant(0.5, bits=3).at
    other = graph.node("Relu", of=[at]).conv(KERNEL, **PADS).quant(0.5, bits=3).at
    made = agrees(graph.node("Concat", of=[first, other], axis=1))
    assert operations(made)[:4] == ["Conv", "Threshold", "MaxPool", "Threshold"]


def test_codes_of_the_input_are_counted_again():
    graph = Graph("N", 2, 5, 5).quant(0.5, bits=2).op("Sub", 0.5).conv(KERNEL, **PADS)
    made = agrees(graph)
    assert operations(made)[0] == "Threshold"
    assert made.network.types["act1"].codes == Codes(3, offset=-1)
    assert simulates(made.network)


def test_signs_get_a_zero():
    made = agrees(Graph("N", 2, 6, 6).bipolar(0.5).conv(KERNEL, **PADS))
    assert made.network.types["act1"].codes == Codes(2, offset=-1)
    assert simulates(made.network)


def test_offsets_of_channels():
    offsets = np.reshape([1.0, -0.5], (2, 1, 1))
    made = agrees(pixels().op("Add", offsets).conv(KERNEL, **PADS))
    assert made.network.types["act2"].codes == Codes(10, offset=-1)


@pytest.mark.parametrize(("offset", "bits"), [(0.1, 6), (-0.13, 9), (1.05, 7)])
def test_other_offsets_take_codes_of_more_bits(offset, bits):
    made = agrees(pixels().op("Add", offset).conv(KERNEL, **PADS))
    assert made.network.types["act2"].codes.bits == bits
    assert "pads with zeros what is moved by no whole or half steps" in made.notes[-1]


@pytest.mark.parametrize("mean", [(0.485, 0.406), (0.5, 0.45), (0.4914, 0.4914)])
@pytest.mark.parametrize("deviation", [1.0, 0.225])
def test_means_of_pixels(mean, deviation):
    graph = Graph("N", 2, 5, 5).op("Sub", np.reshape(mean, (2, 1, 1))).op("Div", deviation)
    graph.conv(KERNEL, **PADS).op("Add", 0.011).quant(0.25, bits=4, signed=1)
    made = agrees(graph, input=Input())
    assert made.network.types["act1"].codes.zero_code is not None


def test_means_of_pixels_in_hardware():
    graph = Graph("N", 2, 5, 5).op("Sub", np.reshape([0.485, 0.456], (2, 1, 1)))
    made = agrees(graph.conv(KERNEL, **PADS).quant(0.25, bits=4, signed=1), input=Input())
    assert made.network.types["act1"].codes.bits == 16
    assert simulates(made.network)


@pytest.mark.parametrize(("offset", "steps"), [(0.501, "1.002"), (-3.1415, "-6.283")])
def test_offsets_off_the_grid_are_refused(offset, steps):
    assert refusal(pixels().op("Add", offset).conv(KERNEL, **PADS)) == (
        f"Conv 'Conv_4': padding with zeros needs a code that means 0, and those of channel 0 are "
        f"moved by {steps} steps, no fraction of a denominator up to 256; use an offset of "
        f"whole or half steps, or none"
    )
    agrees(pixels().op("Add", offset).conv(KERNEL).quant(0.5, bits=4, signed=1))
