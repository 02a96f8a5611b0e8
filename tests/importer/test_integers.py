"""Weights of 2 to 8 bits, and those that are no integers."""

from pathlib import Path

import numpy as np
import pytest

from threefold.importer import Source, compare, convert, read
from threefold.network import Conv
from threefold.references import random_images

from .agreement import agrees, operations, simulates
from .graphs import Graph
from .refusals import refusal

MODELS = Path(__file__).parents[3] / "shared" / "data" / "models"
RNG = np.random.default_rng(7)
REAL = RNG.normal(size=(4, 3))
SCALES = np.float32([0.5, 0.3, 1.7, 0.01])


def pixels(bits=3):
    return Graph("N", 2, 5, 5).quant(0.25, bits=bits)


def codes_of(bits, narrow, *shape, seed=0):
    """Random integers of a quantizer, its smallest and largest among them."""
    hi = 2 ** (bits - 1) - 1
    lo = -hi if narrow else -hi - 1
    codes = np.random.default_rng(seed).integers(lo, hi + 1, shape)
    codes.flat[:2] = lo, hi
    return codes


def convs(made):
    return [node.op for node in made.network.nodes if isinstance(node.op, Conv)]


@pytest.mark.parametrize("scale", ["tensor", "channel"])
@pytest.mark.parametrize("narrow", [0, 1])
@pytest.mark.parametrize("bits", range(2, 9))
def test_quantizers_of_every_width(bits, narrow, scale):
    codes = codes_of(bits, narrow, 4, 2, 3, 3)
    scales = SCALES.reshape(4, 1, 1, 1) if scale == "channel" else np.float32(0.3)
    graph = pixels()
    name = graph.weights(codes, scales, "quant", bits, narrow)
    graph.node("Conv", name, kernel_shape=[3, 3], pads=[1] * 4).op("Add", 0.011).quant(1.0)
    made = agrees(graph.node("Flatten").matmul(RNG.integers(-1, 2, (100, 3))))
    first, last = convs(made)
    assert (first.weights == codes.transpose(0, 2, 3, 1)).all()
    assert (first.bits, last.bits) == (bits if narrow else bits + 1, 2)


@pytest.mark.parametrize("kind", ["MatMul", "Gemm", "Gemm, transposed", "Transpose"])
@pytest.mark.parametrize("per_channel", [False, True])
def test_vectors(kind, per_channel):
    codes = codes_of(5, 0, 8, 4)
    scales = np.tile(SCALES, 2)[:, None] if per_channel else np.float32(0.3)
    graph = Graph("N", 4).quant(0.5, bits=4, signed=1)
    stored = kind in ("Gemm, transposed", "Transpose")
    name = graph.weights(
        codes if stored else codes.T, scales if stored else np.transpose(scales), "quant", 5, 0
    )
    if kind == "Transpose":
        at, name = graph.at, graph.node("Transpose", of=[name], perm=[1, 0]).at
        graph.at = at
    if kind.startswith("Gemm"):
        bias = graph.constant(RNG.normal(size=8))
        graph.node("Gemm", name, bias, alpha=0.7, beta=0.3, transB=int(stored))
    else:
        graph.node("MatMul", name)
    made = agrees(graph.op("Add", 0.011).quant(0.7, bits=8, signed=1).matmul(np.eye(8)[:, :3]))
    assert (convs(made)[0].matrix == codes).all()
    assert convs(made)[0].bits == 6


def test_depthwise_and_one_dimension():
    graph = Graph("N", 4, 9).quant(0.25, bits=4)
    codes = codes_of(4, 1, 4, 1, 3)
    name = graph.weights(codes, SCALES.reshape(4, 1, 1), "quant", 4)
    graph.node("Conv", name, kernel_shape=[3], pads=[1, 1], group=4).op("Add", 0.0011)
    made = agrees(graph.quant(0.25, bits=5, signed=1))
    (conv,) = convs(made)
    assert (conv.bits, conv.groups, conv.weights.shape) == (4, 4, (4, 1, 3, 1))


@pytest.mark.parametrize("per_channel", [False, True])
def test_stored_integers(per_channel):
    codes = codes_of(8, 0, 4, 2, 3, 3)
    graph = pixels()
    at, integers = graph.at, graph.constant(codes, np.int8)
    scale = graph.constant(SCALES if per_channel else 0.3)
    zero = graph.constant([0] * 4 if per_channel else 0, np.int8)
    name = graph.node("DequantizeLinear", scale, zero, of=[integers], axis=0).at
    graph.at = at
    graph.node("Conv", name, kernel_shape=[3, 3]).op("Add", 0.0011)
    made = agrees(graph.quant(3.0, bits=8, signed=1))
    (conv,) = convs(made)
    assert (conv.weights == codes.transpose(0, 2, 3, 1)).all()
    assert conv.bits == 9


def test_a_zero_point_of_weights_moves_them():
    codes = codes_of(4, 0, 4, 2, 1, 1)
    graph = pixels()
    at, real = graph.at, graph.constant((codes - 3) * np.float32(0.3))
    name = graph.quant(0.3, bits=4, zero=3.0, signed=1, of=[real]).at
    graph.at = at
    made = agrees(graph.node("Conv", name, kernel_shape=[1, 1]).op("Add", 0.011).quant(0.5))
    (conv,) = convs(made)
    assert (conv.matrix == (codes - 3).reshape(4, 2)).all()
    assert conv.bits == 5


@pytest.mark.parametrize("scale", [np.float32(0.3), SCALES.reshape(4, 1, 1, 1)])
def test_plain_arrays_of_few_sizes(scale):
    codes = codes_of(8, 1, 4, 2, 3, 3)
    codes[:, 0, 0, 1:] = 1, 127  # so that no filter has a larger unit
    graph = pixels().conv(codes, scale).op("Add", 0.0011).quant(3.0, bits=8, signed=1)
    (conv,) = convs(agrees(graph))
    assert (conv.weights == codes.transpose(0, 2, 3, 1)).all()
    assert conv.bits == 8


def test_a_filter_without_weights():
    codes = codes_of(3, 1, 4, 2, 3, 3)
    codes[2] = 0
    for kind in ("plain", "quant"):
        graph = pixels()
        name = graph.weights(codes, SCALES.reshape(4, 1, 1, 1), kind, 3)
        (conv,) = convs(agrees(graph.node("Conv", name, kernel_shape=[3, 3]).quant(1.0)))
        assert not conv.weights[2].any()


def test_one_scale_is_kept_where_filters_have_larger_ones():
    codes = np.array([[1, 2], [2, 4], [-6, 3]]).T  # a filter of multiples of 2, one of 3
    graph = Graph("N", 2).quant(0.5, bits=4)
    made = agrees(graph.node("MatMul", graph.weights(codes, np.float32(0.3), "quant", 4)))
    assert operations(made) == ["Conv", "Logits", "ArgMax"]  # no ranks of classes
    assert (convs(made)[0].matrix == codes.T).all()


@pytest.mark.parametrize("argmax", [False, True])
def test_scales_of_classes_in_proportion_go_into_weights(argmax):
    codes, scales = codes_of(4, 1, 6, 4), np.float32([0.3, 0.9, 0.6, 0.3])
    graph = Graph("N", 6).quant(0.5, bits=4)
    graph.node("MatMul", graph.weights(codes, scales, "quant", 4)).op("Add", RNG.normal(size=4))
    made = agrees(graph, argmax=argmax)
    assert operations(made)[:3] == ["Threshold", "Conv", "Logits"]
    assert (convs(made)[0].matrix == (codes * [1, 3, 2, 1]).T).all()


def test_scales_of_classes_that_take_more_than_nine_bits_are_ranked():
    codes, scales = codes_of(8, 1, 6, 4), np.float32([0.3, 0.9, 0.6, 0.3])
    graph = Graph("N", 6).quant(0.5, bits=1)
    made = agrees(graph.node("MatMul", graph.weights(codes, scales, "quant", 8)))
    assert "different scales" in made.notes[-1]


def test_sizes_of_ternary_classes_with_one_stated_scale():
    codes = np.array([[1, 3], [-1, 0], [0, 3], [1, -3]])
    graph = Graph("N", 4).quant(0.5, bits=4)
    graph.node("MatMul", graph.weights(codes, np.float32(0.3), "quant", 3))
    made = agrees(graph, argmax=False)
    assert (convs(made)[0].matrix == codes.T).all()


def test_a_signed_pool_and_digits_in_hardware():
    graph = pixels()
    name = graph.weights(codes_of(4, 0, 4, 2, 3, 3), np.float32(0.25), "quant", 4, 0)
    graph.node("Conv", name, kernel_shape=[3, 3], pads=[1] * 4).quant(0.5, bits=3)
    graph.node("GlobalAveragePool").node("Flatten")
    made = agrees(graph.node("MatMul", graph.weights(codes_of(8, 0, 4, 3), 0.5, "quant", 8, 0)))
    assert [conv.bits for conv in convs(made)] == [5, 9]
    assert simulates(made.network)


def test_ternary_weights_of_wider_quantizers_stay_ternary():
    codes = np.random.default_rng(3).integers(-1, 2, (4, 2, 3, 3))
    made = []
    for kind in ("plain", "quant"):
        graph = pixels()
        name = graph.weights(3 * codes, SCALES.reshape(4, 1, 1, 1), kind, 4)
        made.append(agrees(graph.node("Conv", name, kernel_shape=[3, 3]).quant(1.0)).network)
    assert made[0].nodes[0].op.ternary
    assert made[0] == made[1]


def weights_of(bits, codes, scale=1.0):
    graph = Graph("N", 4).quant(0.5, bits=2)
    return graph.node("MatMul", graph.weights(codes, scale, "quant", bits))


def scales_in_a_filter():
    graph = Graph("N", 4).quant(0.5)
    scales = np.float32([[1.0], [np.pi], [1.0], [1.0]])
    return graph.node("MatMul", graph.weights(np.full((4, 3), 3), scales, "quant", 4))


WIDE = "train it with weights of at most 8 bits, or import with --ternarize"
CASES = [
    (
        lambda: weights_of(10, np.arange(12).reshape(4, 3) * 40),
        "MatMul 'MatMul_2': weights are 0…440 times their scale, and must be within -255…255; "
        + WIDE,
    ),
    (
        lambda: Graph("N", 4).quant(0.5).matmul(REAL),
        "MatMul 'MatMul_1': weights of filter 0 are not whole multiples, up to 255, of one scale; "
        + WIDE,
    ),
    (
        lambda: Graph("N", 4).matmul(REAL).node("Relu"),
        "MatMul 'MatMul_0': weights of filter 0 are not whole multiples, up to 255, of one scale; "
        "the graph has no quantizers at all; train it with weights and codes of few bits",
    ),
    (
        scales_in_a_filter,
        "MatMul 'MatMul_2': weights of filter 0 are not whole multiples, up to 255, of one scale; "
        + WIDE,
    ),
]


@pytest.mark.parametrize(("graph", "message"), CASES)
def test_weights_that_are_refused(graph, message):
    assert refusal(graph()) == message


@pytest.mark.skipif(not (MODELS / "kwsmlp_w3a3.onnx").exists(), reason="the model is not here")
def test_a_published_network_of_three_bits():
    source = Source(read(MODELS / "kwsmlp_w3a3.onnx"))
    made = convert(source, "kws")
    assert [conv.bits for conv in convs(made)] == [3, 3, 3, 3]
    found = compare(source, made, random_images(made.network.input, 50))
    assert (found.differ, found.rounded, found.ties) == (0, 0, 0)
