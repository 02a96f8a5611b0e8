"""Reshapes that move nothing, and those that mix."""

import numpy as np
import pytest

from threefold.importer import Source
from threefold.sim import golden

from .agreement import agrees, annotated, operations, simulates
from .graphs import Graph
from .refusals import refusal

RNG = np.random.default_rng(20)
KERNEL = RNG.integers(-1, 2, (4, 1, 3, 3))


def reshaped(start, *shapes, kind="Reshape"):
    graph = Graph("N", *start)
    for shape in shapes:
        graph.ints(kind, shape)
    return graph


@pytest.mark.parametrize(
    ("start", "shapes", "size"),
    [
        ((6, 7, 1), [[-1, 1, 6, 7]], (6, 7, 1)),
        ((42,), [[-1, 1, 6, 7]], (6, 7, 1)),
        ((6, 7), [[-1, 1, 6, 7]], (6, 7, 1)),
        ((1, 6, 7), [[-1, 42], [-1, 1, 6, 7]], (6, 7, 1)),
    ],
)
def test_an_image_of_one_channel(start, shapes, size):
    made = agrees(annotated(reshaped(start, *shapes).conv(KERNEL)))
    assert made.network.input.shape == size
    assert operations(made) == ["Conv", "Logits"]


def test_pixels_stay_where_they_are():
    graph = reshaped((42,), [-1, 1, 6, 7]).conv(np.ones((1, 1, 1, 1)))
    made = agrees(annotated(graph))
    image = np.arange(42).reshape(1, 6, 7, 1)
    assert (golden.run(made.network, image) == image).all()
    own = Source(annotated(graph)).run(np.arange(42, dtype=np.float32)[None])[graph.at]
    assert (own.ravel() == image.ravel()).all()


@pytest.mark.parametrize("start", [(30,), (2, 3, 5)])
def test_a_vector_that_becomes_a_map_of_several_channels(start):
    graph = reshaped(start, [-1, 2, 3, 5]).conv(RNG.integers(-1, 2, (4, 2, 2, 2)))
    made = agrees(annotated(graph))
    assert made.network.input.shape == (3, 5, 2)


def test_a_vector_that_becomes_a_map_of_channels_last():
    graph = reshaped((30,), [-1, 3, 5, 2]).node("Transpose", perm=[0, 3, 1, 2])
    made = agrees(annotated(graph.conv(RNG.integers(-1, 2, (4, 2, 2, 2)))))
    assert made.network.input.shape == (3, 5, 2)


@pytest.mark.parametrize("start", [(24,), (24, 1), (1, 1, 24)])
def test_a_signal_of_one_channel(start):
    graph = reshaped(start, [-1, 1, 24]).conv(RNG.integers(-1, 2, (4, 1, 3)))
    made = agrees(annotated(graph))
    assert made.network.input.shape == (1, 24, 1)


def test_axes_that_are_put_in_and_taken_out():
    graph = Graph("N", 6, 7).ints("Unsqueeze", [1]).conv(KERNEL).multithreshold([[9.0, 99.0]])
    graph.node("MaxPool", kernel_shape=[4, 5]).ints("Squeeze", [2, 3])
    agrees(annotated(graph.matmul(RNG.integers(-1, 2, (4, 3)))))


def test_a_signal_as_a_map_of_one_row():
    graph = Graph("N", 3, 8).ints("Unsqueeze", [2]).conv(RNG.integers(-1, 2, (4, 3, 1, 3)))
    graph.multithreshold([[1.0, 99.0]]).ints("Squeeze", [2])
    agrees(annotated(graph.conv(RNG.integers(-1, 2, (2, 4, 2)))))


@pytest.mark.parametrize("step", ["Mul", "norm", "quant"])
def test_a_map_again_behind_a_flatten(step):
    graph = Graph("N", 2, 4, 5).quant(0.25, bits=3).node("Flatten")
    if step == "quant":
        graph.op("Mul", 0.5).quant(0.25, bits=2)
    elif step == "norm":
        graph.norm(*np.ones((2, 40)) / 2, np.zeros(40), np.ones(40)).quant(0.25, bits=3)
    else:
        graph.op("Mul", 0.5)
    graph.ints("Reshape", [-1, 2, 4, 5]).conv(RNG.integers(-1, 2, (3, 2, 2, 2)))
    assert simulates(agrees(graph).network)


@pytest.mark.parametrize(
    ("start", "perm"), [((1, 5, 6), [0, 2, 3, 1]), ((5, 6, 1), [0, 3, 2, 1]), ((1, 1, 6), None)]
)
def test_transposes_of_one_channel(start, perm):
    graph = Graph("N", *start).quant(0.25, bits=3)
    graph = graph.node("Transpose", perm=perm) if perm else graph
    graph.node("Flatten").matmul(RNG.integers(-1, 2, (int(np.prod(start)), 3)))
    if perm == [0, 3, 2, 1]:
        assert "channels come right behind the images or last" in refusal(graph)
    else:
        agrees(graph)


def test_classes_in_the_order_of_the_source():
    graph = Graph("N", 2, 2, 2).quant(0.25, bits=3).node("Flatten")
    graph.op("Mul", np.linspace(0.5, 2, 8)).quant(0.125, bits=6).node("ArgMax", axis=1)
    agrees(graph, 200)


@pytest.mark.parametrize(
    ("start", "shape"),
    [
        ((2, 6, 6), [-1, 8, 3, 3]),
        ((2, 6, 6), [-1, 6, 2, 6]),
        ((6, 6, 2), [-1, 2, 6, 6]),
        ((3, 4, 5), [-1, 3, 5, 4]),
        ((2, 3, 4), [-1, 2, 12]),
    ],
)
def test_what_moves_pixels_into_channels_is_refused(start, shape):
    graph = Graph("N", *start).quant(0.25).conv(np.eye(start[0])[:, :, None, None])
    graph.quant(0.5).ints("Reshape", shape)
    before, after = (1, *start), (1, *shape[1:])
    graph.conv(np.ones((1, shape[1], *[1] * (len(shape) - 2))))
    assert refusal(graph) == (
        f"Reshape 'Reshape_3' makes {after} of {before}; vectors of maps and maps of vectors are "
        f"supported, and nothing that moves pixels into channels"
    )


@pytest.mark.parametrize(
    ("start", "shape"), [((6, 6, 2), [-1, 2, 6, 6]), ((2, 6, 6), [-1, 8, 3, 3])]
)
def test_what_mixes_pixels_of_the_input_is_refused(start, shape):
    graph = Graph("N", *start).ints("Reshape", shape).conv(np.ones((1, shape[1], 1, 1)))
    assert refusal(graph).endswith("nothing that moves pixels into channels")
