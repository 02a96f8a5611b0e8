"""QuantizeLinear and DequantizeLinear, as Brevitas and others export them."""

import numpy as np
import onnxruntime
import pytest

from threefold.errors import NetworkError
from threefold.importer import Input, Source, convert
from threefold.network import Codes
from threefold.references import random_images
from threefold.sim import golden

from .agreement import agrees, operations, simulates
from .graphs import Graph
from .refusals import refusal


def weights(seed, *shape):
    return np.random.default_rng(seed).integers(-1, 2, shape)


def pair(graph, scale, zero=0, clip=None, kind=np.int8, *, behind=None, of=None):
    """A QuantizeLinear, a Clip and a DequantizeLinear; between the latter, what ``behind`` adds."""
    numbers = [graph.constant(scale), graph.constant(zero, kind)]
    graph.node("QuantizeLinear", *numbers, of=of)
    if clip:
        graph.node("Clip", *(graph.constant(each, kind) for each in clip))
    graph = behind(graph) if behind else graph
    return graph.node("DequantizeLinear", *numbers)


def stored(graph, codes, scale, clip=(-1, 1)):
    """Weights that are stored as integers."""
    at, integers = graph.at, graph.constant(codes, np.int8)
    graph.node("Clip", *(graph.constant(each, np.int8) for each in clip), of=[integers])
    graph.node("DequantizeLinear", graph.constant(scale), graph.constant(0, np.int8))
    name, graph.at = graph.at, at
    return name


def quantized(graph, real, scale):
    """Weights that are stored as real numbers."""
    at = graph.at
    name = pair(graph, scale, clip=(-1, 1), of=[graph.constant(real)]).at
    graph.at = at
    return name


def network(seed):
    rng = np.random.default_rng(seed)
    graph = pair(Graph("N", 2, 6, 6), 0.25, clip=(-4, 3))
    kernel = weights(seed, 4, 2, 3, 3)
    kind = rng.integers(2)
    name = stored(graph, kernel, 0.5) if kind else quantized(graph, kernel * 0.4, 0.5)
    graph.node("Conv", name, kernel_shape=[3, 3], pads=[1] * 4)
    graph.op("Add", rng.integers(-4, 5) / 8)
    bounds = [((-1, 1), np.int8), ((0, 3), np.uint8), ((-8, 7), np.int8), (None, np.uint8)]
    clip, kind = bounds[seed % len(bounds)]
    pair(graph, 0.125, int(rng.integers(0, 2)), clip, kind)
    graph.node("Conv", stored(graph, weights(seed + 9, 3, 4, 6, 6), 0.25), kernel_shape=[6, 6])
    return graph.node("Flatten")


@pytest.mark.parametrize("seed", range(12))
def test_networks_of_pairs(seed):
    model = network(seed).model()
    made = agrees(model)
    assert made.input == Input(0.25, Codes(7, offset=-4))
    images = random_images(made.network.input, 30)
    real = made.input.real(images).transpose(0, 3, 1, 2)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    logits = session.run(None, {"x": real})[0].reshape(30, -1)
    chosen = golden.classes(made.network, images)
    assert (logits[np.arange(30), chosen] == logits.max(axis=1)).all()


def test_a_clip_makes_codes_of_two_bits():
    made = convert(Source(network(0).model()), "net")
    assert [made.network.types[name].codes.max_code for name in ("act1",)] == [2]
    assert simulates(made.network)


@pytest.mark.parametrize("behind", ["MaxPool", "Flatten", "Identity", "two clips"])
def test_integers_may_be_moved(behind):
    graph = Graph("N", 2, 4, 4).quant(0.25, bits=4).conv(weights(1, 3, 2, 1, 1))

    def between(graph):
        if behind == "MaxPool":
            return graph.node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
        if behind == "two clips":
            return graph.node("Clip", *(graph.constant(each, np.int8) for each in (-1, 9)))
        return graph.node(behind)

    pair(graph, 0.5, clip=(-2, 1), behind=between)
    if behind != "Flatten":
        graph.node("Flatten")
    size = 12 if behind == "MaxPool" else 48
    made = agrees(graph.matmul(weights(2, size, 3)))
    assert operations(made).count("Threshold") == 1


def test_other_pairs_move_codes():
    graph = Graph("N", 4).quant(0.25, bits=4).matmul(weights(3, 4, 6))
    numbers = [graph.constant(0.5), graph.constant(3, np.uint8)]
    graph.node("QuantizeLinear", *numbers)
    graph.node("Clip", graph.constant(1, np.uint8), graph.constant(6, np.uint8))
    graph.node("DequantizeLinear", graph.constant(0.25), graph.constant(1, np.uint8))
    made = agrees(graph.matmul(weights(4, 6, 3)))
    assert made.network.types["act1"].codes == Codes(5)


def test_pixels_are_quantized_as_the_user_says():
    graph = pair(Graph("N", 4), 0.125, clip=(0, 7), kind=np.uint8).matmul(weights(5, 4, 3))
    made = agrees(graph, input=Input())
    assert operations(made)[0] == "Threshold"


def test_a_branch_of_the_input_that_nothing_quantizes():
    graph = Graph("N", 2, 4, 4)
    start = graph.at
    pair(graph, 0.25, clip=(0, 3)).conv(np.ones((2, 2, 1, 1)))
    first = graph.quant(1 / 255, bits=4).at
    graph.node("Concat", of=[start, first], axis=1)
    with pytest.raises(NetworkError, match="joins"):
        agrees(graph.node("MaxPool", kernel_shape=[2, 2]), input=Input(1, Codes(255)))


def per_channel():
    graph = Graph("N", 2, 4, 4).quant().conv(np.ones((3, 2, 1, 1)))
    numbers = [graph.constant([0.25, 0.5, 1.0]), graph.constant([0, 0, 0], np.int8)]
    return graph.node("QuantizeLinear", *numbers, axis=1).node("DequantizeLinear", *numbers, axis=1)


CASES = [
    (
        per_channel,
        "QuantizeLinear 'QuantizeLinear_2' has a scale for each channel; layers add the channels "
        "up, so that activations need one scale",
    ),
    (
        lambda: pair(Graph("N", 4).quant().matmul(np.eye(4)), 0.5, clip=(3, 3)),
        "DequantizeLinear 'DequantizeLinear_4' gives a single number; clip less",
    ),
    (
        lambda: pair(Graph("N", 4).quant().matmul(np.eye(4)), -0.5),
        "DequantizeLinear 'DequantizeLinear_3': a scale must be positive and finite, not -0.5",
    ),
    (
        lambda: pair(
            Graph("N", 2, 4, 4).quant().conv(np.ones((3, 2, 1, 1))),
            0.5,
            behind=lambda graph: graph.node("DequantizeLinear", graph.constant(0.5)).op("Add", 0.1),
        ),
        "DequantizeLinear 'DequantizeLinear_5' reads integers that no QuantizeLinear makes; export",
    ),
]


@pytest.mark.parametrize(("graph", "message"), CASES)
def test_pairs_that_are_refused(graph, message):
    assert refusal(graph()).startswith(message)
