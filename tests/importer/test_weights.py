import numpy as np
import pytest

from threefold.importer import Source, compare, convert, source_classes, ternarized
from threefold.references import random_images

from .graphs import Graph


def example(first, last):
    graph = Graph("N", 2, 4, 4).quant(0.5, bits=2).conv(first).quant(1.0, bits=3)
    return Source(graph.node("Flatten").matmul(last).model())


def real_weights():
    rng = np.random.default_rng(0)
    return rng.normal(size=(4, 2, 3, 3)).astype(np.float32), rng.normal(size=(16, 3))


def test_weights_become_ternary_and_the_network_agrees_with_what_is_left():
    source = example(*real_weights())
    made, names = ternarized(source)
    assert names == ["Conv_1", "MatMul_4"]
    converted = convert(made, "net")
    images = random_images(converted.network.input, 20)
    assert compare(made, converted, images).exact
    assert source_classes(source, converted, images).shape == (20,)


def test_weights_beyond_the_threshold_get_the_mean_of_their_sizes():
    first = np.array([0.1, -1.0, 2.0, 0.3, -0.1, 0.0] * 3, np.float32).reshape(1, 2, 3, 3)
    last = np.array([[3.0, 0.1], [-1.0, 0.2], [2.0, -0.1], [0.0, 2.0]])
    made, _ = ternarized(example(first, last))
    assert np.unique(made.constant("c3")).tolist() == [-1.5, 0, 1.5]
    scale = np.float32((3 + 1 + 2 + 2) / 4)
    expected = [[scale, 0], [-scale, 0], [scale, 0], [0, scale]]
    assert made.constant("c7").tolist() == expected


def test_ternary_weights_stay():
    rng = np.random.default_rng(0)
    first = rng.integers(-1, 2, (4, 2, 3, 3)) * np.array([1, 2, 3, 4.0]).reshape(4, 1, 1, 1)
    last = rng.integers(-1, 2, (16, 3))
    made, names = ternarized(example(first, last))
    assert names == []
    assert (made.constant("c3") == first).all()
    assert (made.constant("c7") == last).all()


@pytest.mark.parametrize("kind", ["plain", "quant", "bipolar"])
def test_ways_to_give_ternary_weights(kind):
    codes = np.random.default_rng(1).choice([-1, 1], (4, 2, 3, 3))
    scale = np.array([0.5, 0.25, 1.5, 3.0]).reshape(4, 1, 1, 1)
    graph = Graph("N", 2, 4, 4).quant(0.5, bits=2).conv(codes, scale, kind).quant(1.0, bits=3)
    made = convert(Source(graph.model()), "net")
    assert (made.network.nodes[0].op.weights == codes.transpose(0, 2, 3, 1)).all()
