"""Steps between a quantizer and a MaxPool."""

import numpy as np
import pytest

from .agreement import agrees, operations, simulates
from .graphs import Graph
from .refusals import refusal

POOL = {"kernel_shape": [2, 2], "strides": [2, 2]}


def activated(kind, channels=3):
    graph = Graph("N", 2, 7, 7).quant(0.5, bits=4)
    graph.conv(np.random.default_rng(1).integers(-1, 2, (channels, 2, 3, 3)), 0.5)
    if kind == "bipolar":
        return graph.bipolar(0.5)
    if kind == "thresholds":
        return graph.multithreshold([[-3.5, -0.5, 0.25, 4.0]], 0.5, -1.0, data_layout="NCHW")
    return graph.quant(0.5, bits=3, signed=int(kind == "signed"))


def last(graph, channels=3):
    return graph.conv(np.random.default_rng(2).integers(-1, 2, (4, channels, 2, 2)))


def step(graph, rng, falling):
    """A random step; a Relu only where nothing falls, so that codes stay several numbers."""
    kind = rng.choice(["Mul", "Div", "Add", "Sub" if falling else "Relu"])
    if kind == "Relu":
        return graph.node(kind)
    if kind in ("Mul", "Div"):
        return graph.op(kind, 2.0 ** rng.integers(-2, 3) * (rng.choice([-1, 1]) if falling else 1))
    return graph.op(kind, rng.integers(0, 9) / 4)


@pytest.mark.parametrize("kind", ["signed", "unsigned", "bipolar", "thresholds"])
@pytest.mark.parametrize(
    "steps",
    [
        [("Mul", 2.0)],
        [("Mul", -2.0)],
        [("Div", -0.5), ("Add", 0.25)],
        [("Add", -1.0)],
        [("Relu",)],
        [("Add", 0.5), ("Relu",)],
        [("Sub", np.reshape([1.0, 0.5, -0.25], (3, 1, 1)))],
    ],
)
def test_maxima_of_codes_that_were_moved(kind, steps):
    graph = activated(kind)
    for name, *value in steps:
        graph = graph.op(name, *value) if value else graph.node(name)
    agrees(last(graph.node("MaxPool", **POOL)))


@pytest.mark.parametrize("seed", range(40))
def test_random_steps_around_random_pools(seed):
    rng, falling = np.random.default_rng(seed), seed % 2 == 1
    graph = activated(rng.choice(["signed", "unsigned", "bipolar", "thresholds"]))
    for _ in range(rng.integers(1, 3)):
        for _ in range(rng.integers(0, 3)):
            step(graph, rng, falling)
        size = rng.integers(1, 3, 2).tolist()
        graph.node("MaxPool", kernel_shape=size, strides=rng.integers(1, 3, 2).tolist())
    for _ in range(rng.integers(0, 2)):
        step(graph, rng, falling)
    end = rng.integers(3)
    if end == 0:
        graph.conv(np.ones((2, 3, 1, 1)))
    elif end == 1:
        graph.node("GlobalAveragePool").node("Flatten").matmul(np.eye(3))
    else:
        graph.quant(0.5, bits=4, signed=1)
    agrees(graph)


@pytest.mark.parametrize("signs", [(-1, -1, -1), (1, -1, 2)])
def test_a_maximum_of_what_falls_is_a_minimum_of_codes(signs):
    graph = activated("signed").op("Mul", np.reshape(signs, (3, 1, 1))).node("MaxPool", **POOL)
    made = agrees(graph.quant(0.5, bits=4, signed=1))
    depthwise = activated("signed").op("Mul", np.reshape(signs, (3, 1, 1))).node("MaxPool", **POOL)
    made = agrees(depthwise.conv(np.ones((3, 1, 2, 2)), group=3).quant(0.5, bits=4, signed=1))
    assert operations(made).count("MaxPool") == 1
    assert simulates(made.network)


def test_a_scale_costs_nothing():
    made = agrees(last(activated("signed").op("Mul", 2.0).node("MaxPool", **POOL)), argmax=False)
    assert operations(made) == ["Conv", "Threshold", "MaxPool", "Conv", "Logits"]
    assert simulates(made.network)


def test_a_quantizer_behind_takes_all_of_it():
    graph = activated("signed").op("Mul", 3.0).node("Relu").node("MaxPool", **POOL)
    made = agrees(last(graph.quant(0.5, bits=3)))
    assert operations(made).count("Threshold") == 2


def test_a_bend_off_the_grid_is_refused():
    graph = activated("signed").node("LeakyRelu", alpha=0.3).node("MaxPool", **POOL)
    assert refusal(last(graph)) == (
        "Conv 'Conv_5' reads what LeakyRelu 'LeakyRelu_3' makes of codes, which are none of the "
        "same scale; put a quantizer of activations behind it"
    )


def test_what_is_the_same_for_all_codes_is_refused():
    graph = activated("unsigned").op("Mul", -1.0).node("Relu").node("MaxPool", **POOL)
    assert refusal(last(graph)) == (
        "Conv 'Conv_6' reads what Relu 'Relu_4' makes of codes, which is the same number for all "
        "of them; train again"
    )


def test_maxima_of_sums_are_refused():
    graph = Graph("N", 2, 7, 7).quant(0.5, bits=4).conv(np.ones((3, 2, 3, 3))).op("Mul", 2.0)
    assert refusal(last(graph.node("MaxPool", **POOL))) == (
        "Conv 'Conv_4' reads real numbers; put a quantizer of activations in front of it"
    )
