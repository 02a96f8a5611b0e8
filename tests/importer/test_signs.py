"""Signs, and choices by comparison."""

import numpy as np
import pytest
from onnx import TensorProto

from threefold.network import Codes
from threefold.references import random_images
from threefold.sim import golden

from .agreement import agrees, annotated, operations, simulates
from .graphs import Graph
from .refusals import refusal

SHAPE = (16, 8)


def weights(seed, *shape):
    return np.random.default_rng(seed).integers(-1, 2, shape)


def choose(graph, kind, limit=0.0, true=1.0, false=-1.0, *, first=False):
    """Where(x kind limit, true, false)."""
    names = [graph.at, graph.constant(limit)]
    graph.node(kind, of=names[::-1] if first else names)
    return graph.node("Where", graph.constant(true), graph.constant(false))


@pytest.mark.parametrize("seed", range(8))
def test_signs_of_sums(seed):
    rng = np.random.default_rng(seed)
    graph = Graph("N", 16).matmul(weights(seed, *SHAPE))
    if rng.integers(2):
        graph.norm(*rng.normal(size=(3, 8)) * [[1], [1], [99]], rng.uniform(0.5, 2, 8))
    graph.node("Sign").matmul(weights(seed + 50, 8, 4))
    made = agrees(annotated(graph))
    assert operations(made) == ["Conv", "Threshold", "Conv", "Logits", "ArgMax"]


def test_signs_have_three_values_where_sums_can_be_0():
    graph = Graph("N", 4).matmul(weights(1, 4, 6)).node("Sign").matmul(weights(2, 6, 3))
    made = agrees(annotated(graph, "INT4"))
    assert made.network.types["act1"].codes == Codes.ternary()
    assert simulates(made.network)


@pytest.mark.parametrize("slope", [1.0, -1.0])
@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0])
def test_signs_have_two_values_where_no_sum_is_0(slope, shift):
    eye = np.concatenate([np.eye(3), np.eye(3)[::-1], -np.eye(3)], axis=1)  # odd sums of one term
    graph = Graph("N", 3).bipolar().matmul(eye).op("Mul", slope).op("Add", shift).node("Sign")
    made = agrees(graph.matmul(weights(3, 9, 3)))
    expected = Codes.ternary() if shift == 1.0 else Codes.bipolar()
    assert made.network.types["act1"].codes == expected


def test_a_sign_of_a_sign_that_was_moved():
    graph = Graph("N", 16).matmul(weights(4, *SHAPE)).node("Sign").op("Add", 0.1).node("Sign")
    made = agrees(annotated(graph.matmul(weights(5, 8, 4))))
    assert made.network.types["act2"].codes == Codes.bipolar()


@pytest.mark.parametrize("kind", ["Greater", "GreaterOrEqual", "Less", "LessOrEqual"])
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("numbers", [(1.0, -1.0), (0.0, 1.0), (0.25, 0.75)])
def test_choices(kind, first, numbers):
    graph = Graph("N", 4).matmul(weights(6, 4, 6))
    choose(graph, kind, 1.0, *numbers, first=first).matmul(weights(7, 6, 3))
    made = agrees(annotated(graph, "INT4"))
    assert made.network.types["act1"].codes == Codes(1)


def test_a_choice_by_what_each_channel_reaches():
    graph = Graph("N", 2, 5, 5).quant(0.5, bits=3).conv(weights(8, 3, 2, 2, 2))
    limits = np.reshape([0.5, -1.0, 1.5], (1, 3, 1, 1))
    graph = choose(graph, "GreaterOrEqual", limits, 0.5, -0.5).conv(np.ones((2, 3, 2, 2)))
    assert simulates(agrees(graph).network)


def test_a_choice_ahead_of_a_layer_that_pads():
    graph = Graph("N", 2, 5, 5).quant(0.5, bits=3).conv(weights(9, 3, 2, 2, 2))
    made = agrees(choose(graph, "Less").conv(weights(10, 2, 3, 3, 3), pads=[1] * 4))
    assert made.network.types["act2"].codes == Codes(2, offset=-1)


@pytest.mark.parametrize("more", [["Not"], ["Not", "Not"], []])
def test_what_is_true_as_a_number(more):
    graph = Graph("N", 4).matmul(weights(11, 4, 6))
    graph.node("Greater", graph.constant(2.0))
    for each in more:
        graph.node(each)
    made = agrees(annotated(graph.node("Cast", to=TensorProto.FLOAT).matmul(weights(12, 6, 3))))
    images = random_images(made.network.input, 30)
    true = images[:, 0, 0] @ weights(11, 4, 6) > 2
    true = ~true if len(more) == 1 else true
    assert (golden.classes(made.network, images) == (true @ weights(12, 6, 3)).argmax(1)).all()


def test_a_maximum_ahead_of_a_choice():
    graph = Graph("N", 2, 6, 6).quant(0.5, bits=3).conv(weights(13, 3, 2, 3, 3))
    graph.node("MaxPool", kernel_shape=[2, 2])
    made = agrees(choose(graph, "GreaterOrEqual").conv(weights(14, 2, 3, 2, 2)))
    assert operations(made)[:3] == ["Conv", "Threshold", "MaxPool"]


def test_a_choice_that_falls_behind_a_maximum_is_refused():
    graph = Graph("N", 2, 6, 6).quant(0.5, bits=3).conv(weights(13, 3, 2, 3, 3))
    graph.node("MaxPool", kernel_shape=[2, 2])
    assert refusal(choose(graph, "Less").conv(weights(14, 2, 3, 2, 2))) == (
        "Less 'Less_3': a function behind a MaxPool falls in channel 0; quantize ahead of the "
        "MaxPool"
    )


def sums():
    return Graph("N", 4).quant(0.5, bits=3).matmul(np.eye(4))


def relu_by_choice():
    graph = sums()
    at = graph.at
    graph.node("Greater", graph.constant(0.0))
    return graph.node("Where", at, graph.constant(0.0)).quant()


def two_compared():
    graph = sums()
    at, other = graph.at, graph.node("Relu").at
    return graph.node("Less", of=[at, other]).node("Cast", to=TensorProto.FLOAT)


CASES = [
    (
        relu_by_choice,
        "Where 'Where_3' is not supported with constants among its inputs; export the network "
        "without it",
    ),
    (
        lambda: choose(sums(), "Less", 0.0, np.arange(4.0), 0.0),
        "Where 'Where_3' chooses among several constants; use one for each",
    ),
    (
        lambda: choose(sums(), "Less", 0.0, 1.0, 1.0),
        "Where 'Where_3' chooses between 1 and 1; use two finite numbers that differ",
    ),
    (
        lambda: choose(sums(), "Less", 0.0, np.ones((3, 1, 4)), 0.0),
        "Where 'Where_3' makes a tensor larger; give it scalars",
    ),
    (
        two_compared,
        "Less 'Less_3' is not supported with two inputs; export the network without it",
    ),
    (
        lambda: choose(sums(), "Equal"),
        "Equal 'Equal_2' is not supported; export the network without it",
    ),
]


@pytest.mark.parametrize(("graph", "message"), CASES)
def test_what_is_no_choice_of_two_constants_is_refused(graph, message):
    assert refusal(graph()) == message
