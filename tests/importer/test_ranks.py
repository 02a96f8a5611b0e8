"""Classes of different scales, whose order takes thresholds."""

import numpy as np
import pytest
from onnx import TensorProto

from threefold.errors import NetworkError
from threefold.importer import Source, compare, convert, source_classes
from threefold.references import random_images

from .agreement import agrees, annotated, operations, simulates
from .graphs import Graph


def weights(seed, inputs=9, classes=4):
    return np.random.default_rng(seed).integers(-1, 2, (inputs, classes))


def classifier(seed, gamma, beta, *, inputs=9, bits=2, codes=False):
    graph = Graph("N", inputs).quant(0.25, bits=bits).matmul(weights(seed, inputs, len(gamma)))
    graph = graph.quant(0.25, bits=5, signed=1) if codes else graph
    zero, one = np.zeros(len(gamma)), np.ones(len(gamma))
    graph.norm(gamma, beta, zero, one)
    return graph.node("ArgMax", axis=1) if codes else graph


def same_classes(graph, count=300):
    ends = graph.nodes[-1].op_type == "ArgMax"
    source = Source(graph.model(type=TensorProto.INT64 if ends else TensorProto.FLOAT))
    made = convert(source, "net")
    images = random_images(made.network.input, count)
    found = compare(source, made, images)
    assert (found.differ, found.ties) == (0, 0)
    assert (found.classes == source_classes(source, made, images)).all()
    assert len(set(found.classes.tolist())) > 1
    return made


@pytest.mark.parametrize("codes", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_norms_of_classes(seed, codes):
    rng = np.random.default_rng(seed)
    gamma, beta = rng.uniform(0.3, 3, 4), rng.normal(size=4)
    same_classes(classifier(seed, gamma, beta, codes=codes))


@pytest.mark.parametrize("gamma", [[1.0, 2.0, 1.0, 0.5], [3.0, 1.0, 1.0, 2.0], [1, -1, 2, -0.5]])
@pytest.mark.parametrize("beta", [[0.0] * 4, [0.5, 0.0, 0.25, 1.0]])
@pytest.mark.parametrize("seed", range(3))
def test_ties_go_to_the_lower_class(gamma, beta, seed):
    made = same_classes(classifier(seed, gamma, beta))
    assert operations(made)[:2] == ["Conv", "Threshold"]


def test_scales_of_weights_end_in_a_class():
    graph = Graph("N", 9).quant(0.25, bits=2).matmul(weights(1), np.array([1, 2, 1, 1.0]))
    source = Source(graph.node("ArgMax", axis=1).model(type=TensorProto.INT64))
    made = convert(source, "net")
    found = compare(source, made, random_images(made.network.input, 300))
    assert (found.differ, found.ties) == (0, 0)


def test_numbers_that_no_others_separate_share_a_code():
    made = agrees(classifier(2, [1.0, 100.0], [1.0, 0.0]), 300)
    few = made.network.types["act1"].codes.max_code
    made = agrees(classifier(2, [1.0, 1.5], [1.0, 0.1]), 300)
    assert few < made.network.types["act1"].codes.max_code
    assert made.notes[-1].startswith("classes have different scales: they are compared by")


def test_a_class_that_is_always_the_same():
    graph = Graph("N", 9).quant(0.25, bits=2).matmul(weights(3) * [1, 1, 0, 1])
    same_classes(graph.op("Mul", [1.0, 0.5, 1.0, 2.0]).op("Add", [0.0, 0.1, 0.3, 0.0]))


def test_signs_at_the_input():
    graph = Graph("N", 9).bipolar().matmul(weights(4)).op("Mul", [0.7, 0.9, 1.1, 1.3])
    made = same_classes(graph)
    assert made.network.types["act1"].codes.max_code < 4 * 10  # every other sum is possible
    assert simulates(made.network, 5)


@pytest.mark.parametrize("change", [(0, 1.5), (3, 0.5)])
def test_a_wrong_scale_of_a_class_is_found(change):
    """What is imported is compared with another source."""
    gamma, images = np.array([0.7, 0.9, 1.1, 1.3]), None
    made = convert(Source(classifier(5, gamma, np.zeros(4)).model()), "net")
    images = random_images(made.network.input, 300)
    gamma[change[0]] *= change[1]
    assert not compare(Source(classifier(5, gamma, np.zeros(4)).model()), made, images).exact


def test_logits_of_different_scales_are_refused():
    source = Source(classifier(6, [1.0, 2.0, 1.0, 0.61803], np.zeros(4)).model())
    message = (
        "^BatchNormalization 'BatchNormalization_2': classes have different scales, from "
        "0.154508 to 0.5, to which no integers are in proportion; end in the class, or give the "
        "last layer one scale$"
    )
    with pytest.raises(NetworkError, match=message):
        convert(source, "net", argmax=False)


def test_more_numbers_than_codes_are_refused():
    graph = Graph("N", 160).matmul(weights(7, 160)).op("Mul", [0.7, 0.9, 1.1, 1.3])
    message = (
        r"^Mul 'Mul_1': classes have different scales, and [\d,]+ numbers to be put into one "
        r"order, more than 65,536; give the last layer one scale$"
    )
    with pytest.raises(NetworkError, match=message):
        convert(Source(annotated(graph)), "net")


def test_a_few_thousand_numbers():
    graph = Graph("N", 16).matmul(weights(8, 16)).op("Mul", [0.5, 0.7, 0.9, 1.1])
    made = agrees(annotated(graph), 300)
    assert made.network.types["act1"].codes.bits > 12
