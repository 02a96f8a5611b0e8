import re
from dataclasses import replace

import numpy as np
import pytest

from threefold.importer import Source, compare, convert, source_classes
from threefold.importer.edge import Edge
from threefold.importer.rounding import differences
from threefold.network import ArgMax, Logits, MaxPool, Network, Node
from threefold.references import random_images
from threefold.sim import golden

from .graphs import Graph

WEIGHTS = np.random.default_rng(3).integers(-1, 2, (4, 2, 3, 3))
LAST = np.random.default_rng(4).integers(-1, 2, (16, 3))


def example(scale):
    graph = Graph("N", 2, 6, 6).quant(scale, bits=4).conv(WEIGHTS, 0.7 * scale, pads=[1] * 4)
    graph.norm([1, -2, 0.5, 0.8], [0.2, 0.1, 0, -0.3], [0, 0.1, 0.2, 0.3], [1, 2, 3, 4])
    graph.node("MaxPool", kernel_shape=[3, 3], strides=[3, 3]).quant(scale, bits=3, signed=1)
    return Source(graph.node("Flatten").matmul(LAST, scale).op("Add", [0.3, 0.1, -0.2]).model())


def tampered(made, name, change):
    nodes = [
        Node(node.name, change(node.op) if node.name == name else node.op, node.inputs)
        for node in made.network.nodes
    ]
    return replace(made, network=Network("net", made.network.input, nodes))


def raised(op):
    return replace(op, thresholds=op.thresholds + 1)


def lowered(op):
    return replace(op, thresholds=op.thresholds - 2)


def flipped(op):
    weights = op.weights.copy()
    weights.flat[np.flatnonzero(weights)[0]] *= -1
    return replace(op, weights=weights)


POOL1 = "'pool1' differs from t4 of the source: "
LOGITS1 = "'logits1' differs from t7 of the source: "


@pytest.mark.parametrize("scale", [0.1, 0.125])
@pytest.mark.parametrize(
    ("name", "change", "place"),
    [
        (
            "conv1",
            flipped,
            POOL1 + r"image \d+, pixel \(\d, \d\), channel 0",
        ),
        ("act1", raised, POOL1 + "image .*"),
        ("act1", lowered, POOL1 + "image .*"),
        (
            "pool1",
            lambda op: MaxPool((2, 2), (3, 3)),
            POOL1 + "image .*",
        ),
        (
            "fc1",
            flipped,
            LOGITS1 + r"image \d+, pixel \(0, 0\), channel 0",
        ),
        (
            "logits1",
            lambda op: Logits(np.add(op.bias, [0, 0, 1])),
            LOGITS1 + ".* channel 2",
        ),
    ],
)
def test_mistakes_are_found(scale, name, change, place):
    source = example(scale)
    made = convert(source, "net", argmax=False)
    images = random_images(made.network.input, 70)
    assert compare(source, made, images).exact
    found = compare(source, tampered(made, name, change), images)
    assert found.differ > 0
    assert not found.exact
    assert re.fullmatch(place, found.first)


@pytest.mark.parametrize("scale", [0.1, 0.125])
@pytest.mark.parametrize("share", [0.4, 0.02])
def test_sums_that_mean_other_numbers_are_found(scale, share, monkeypatch):
    real = Edge.real

    def wrong(edge, rows):
        return (real(edge, rows) + share * np.abs(edge.scale)).astype(np.float32)

    monkeypatch.setattr(Edge, "real", wrong)
    assert differs(scale)


@pytest.mark.parametrize("scale", [0.1, 0.125])
def test_steps_that_are_others_are_found(scale, monkeypatch):
    through = Edge.through
    monkeypatch.setattr(
        Edge,
        "through",
        lambda edge, source, real, *first: through(edge, source, np.float32(0.5) * real, *first),
    )
    assert differs(scale)


def differs(scale):
    graph = Graph("N", 2, 6, 6).quant(scale, bits=4).conv(WEIGHTS, 0.7).op("Mul", 0.5)
    source = Source(graph.quant(0.11 * scale, bits=8, signed=1).model())
    made = convert(source, "net")
    return compare(source, made, random_images(made.network.input, 30)).differ > 0


def test_numbers_that_no_code_means_are_found():
    source = example(0.1)
    made = convert(source, "net")
    images = random_images(made.network.input, 2)
    real = source.run(made.input.real(images).transpose(0, 3, 1, 2))["t4"]
    edge = made.edges["t4"]
    found = golden.evaluate(made.network, images)[edge.node]
    assert not differences(edge, real, found).any()
    assert differences(edge, real + 0.3 * edge.scale[0], found).all()


def test_a_wrong_class_is_found():
    source = example(0.1)
    made = convert(source, "net")
    images = random_images(made.network.input, 30)
    wrong = tampered(made, "logits1", lambda op: Logits(op.bias[::-1]))
    found = compare(source, wrong, images)
    assert found.differ > 0
    assert found.first.startswith("'argmax1' differs from ")
    assert isinstance(made.network.output.op, ArgMax)


# Three times 0.1 and twice 0.1 less is 0.1 and a bit in single precision: on the threshold.
NEAR = [[1.0], [1.0], [1.0], [-1.0], [-1.0]]


def test_codes_that_only_rounding_decides_are_told_apart():
    graph = Graph("N", 5).quant(0.1, bits=1).matmul(np.array(NEAR)).quant(0.1, bits=4, mode="CEIL")
    source = Source(graph.matmul([[1, -1]]).model())
    made = convert(source, "net")
    images = np.ones((1, 1, 1, 5), int)
    found = compare(source, made, images)
    real = source.run(made.input.real(images).reshape(1, 5))
    assert real["t2"] != np.float32(0.1)
    assert (found.differ, found.rounded) == (0, 1)
    for name, change in [("act1", raised), ("act1", lowered), ("fc1", flipped)]:
        assert not compare(source, tampered(made, name, change), images).exact


def test_ties_of_classes_that_only_rounding_decides_are_counted():
    weights = np.array([[1, 1], [1, 0], [1, 0], [-1, 0], [-1, 0]])
    source = Source(Graph("N", 5).quant(0.1, bits=1).matmul(weights).model())
    made = convert(source, "net")
    images = np.ones((2, 1, 1, 5), int)
    real = source.run(made.input.real(images).reshape(2, 5))["t1"]
    assert np.ptp(real) > 0
    found = compare(source, made, images)
    assert (found.differ, found.ties) == (0, 2 * int(real.argmax(axis=1)[0]))
    assert list(found.classes) == [0, 0]


def test_classes_are_those_of_the_network():
    source = example(0.1)
    made = convert(source, "net")
    images = random_images(made.network.input, 70)
    progress = []
    found = compare(source, made, images, lambda *state: progress.append(state))
    assert (found.classes == source_classes(source, made, images)).all()
    assert (found.images, progress[-1]) == (70, ("compare", 1.0))
    assert found.values == 70 * (16 + 16 + 1)  # of the pool, the vector, the class


def test_a_map_has_no_class():
    source = Source(Graph("N", 2, 6, 6).quant(0.5).conv(WEIGHTS, 0.5).quant(0.5).model())
    made = convert(source, "net")
    assert compare(source, made, random_images(made.network.input, 3)).classes is None


@pytest.mark.parametrize("argmax", [True, False])
def test_a_bias_that_is_off_by_one_is_seen_among_thousands_of_inputs(argmax):
    weights = np.random.default_rng(5).choice([-1, 1], (4096, 3))
    weights[:, 1:] = weights[:, :1]  # all classes are equal, but for their biases
    source = Source(
        Graph("N", 4096).quant(1.0, bits=8).matmul(weights).op("Add", [0, 1, 0]).model()
    )
    made = convert(source, "net", argmax=argmax)
    images = random_images(made.network.input, 5)
    assert compare(source, made, images).exact
    more = np.array([2, 0, 0])
    wrong = tampered(made, "logits1", lambda op: replace(op, bias=op.bias + more))
    assert not compare(source, wrong, images).exact
