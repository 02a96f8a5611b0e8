"""Constants of steps: alike, a row for each channel, or one for each position of a vector."""

from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes

from threefold.errors import NetworkError
from threefold.importer import Source
from threefold.importer.step import Step
from threefold.references import random_images
from threefold.sim import golden

from .agreement import agrees, annotated, operations, simulates
from .graphs import Graph
from .refusals import refusal

RNG = np.random.default_rng(5)
WEIGHTS = RNG.integers(-1, 2, (32, 3))


def flat(quantized=True):
    graph = Graph("N", 2, 4, 4).quant(0.25, bits=4)
    graph.conv(np.random.default_rng(6).integers(-1, 2, (2, 2, 1, 1)))
    graph = graph.quant(0.5, bits=3) if quantized else graph
    return graph.node("Flatten")


@pytest.mark.parametrize("count", [1, 3])
def test_equal_rows_are_one(count):
    row = np.sort(RNG.normal(size=count)) * 4
    graph = flat(quantized=False).multithreshold(np.tile(row, (32, 1)), 0.5)
    made = agrees(graph.matmul(WEIGHTS))
    assert operations(made)[:3] == ["Conv", "Threshold", "Conv"]


def test_equal_rows_on_a_map_of_few_channels():
    graph = Graph("N", 2, 4, 4).quant(0.25, bits=4).conv(np.ones((3, 2, 1, 1)))
    agrees(graph.multithreshold([[1.0, 2.5]] * 3, data_layout="NCHW"))


@pytest.mark.parametrize(
    "constant", [np.full((1, 3, 4, 4), 0.5), np.full((3, 4, 1), 2.0), np.ones((1, 1, 1, 4)) / 3]
)
@pytest.mark.parametrize("op", ["Add", "Mul"])
def test_equal_constants_of_a_map(op, constant):
    graph = Graph("N", 2, 4, 4).quant(0.25, bits=4).conv(np.ones((3, 2, 1, 1)))
    agrees(graph.op(op, constant).quant(0.5, bits=4))


def test_constants_of_channels_that_are_written_out():
    values = np.broadcast_to(np.reshape([1.0, -2.0, 0.5], (3, 1, 1)), (3, 4, 4))
    graph = Graph("N", 2, 4, 4).quant(0.25, bits=4).conv(np.ones((3, 2, 1, 1)))
    agrees(graph.op("Mul", values).quant(0.5, bits=4, signed=1))


def test_equal_constants_of_a_norm_behind_flatten():
    ones = np.ones(32)
    graph = flat(quantized=False).norm(2 * ones, ones, 0 * ones, ones)
    made = agrees(graph.quant(0.5, bits=4).matmul(WEIGHTS))
    assert operations(made)[:3] == ["Conv", "Threshold", "Conv"]


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("kind", ["norm", "Mul", "Add", "thresholds"])
def test_each_position_has_its_own(kind, seed):
    rng = np.random.default_rng(seed)
    graph = flat()
    if rng.integers(2):
        graph.op("Mul", 0.75)
    if kind == "norm":
        gamma, beta, mean = rng.normal(size=(3, 32))
        graph.norm(gamma, beta, mean, rng.uniform(0.5, 2, 32))
    elif kind == "thresholds":
        thresholds = np.sort(rng.normal(size=(32, 3)), axis=1)
        graph.multithreshold(thresholds)
    else:
        graph.op(kind, rng.normal(size=32))
    if kind != "thresholds":
        graph.quant(0.5, bits=3, signed=1)
    agrees(graph.matmul(WEIGHTS))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("channels", ["Mul", "none"])
def test_positions_in_the_order_of_the_source(turned, channels):
    graph = Graph("N", 2, 3, 4).quant(0.25, bits=4)
    if channels == "Mul":
        graph.op("Mul", np.reshape([1.5, -0.5], (2, 1, 1)))
    graph = graph.node("Transpose", perm=[0, 2, 3, 1]) if turned else graph
    graph.node("Flatten").norm(*RNG.normal(size=(3, 24)), RNG.uniform(0.5, 2, 24))
    made = agrees(graph.quant(0.5, bits=3, signed=1).matmul(RNG.integers(-1, 2, (24, 3))))
    assert operations(made)[0] == "Flatten"
    assert simulates(made.network)


@pytest.mark.parametrize("fall", [1.0, -1.0])
def test_positions_behind_a_pool(fall):
    graph = Graph("N", 2, 4, 4).quant(0.25, bits=4).op("Mul", 3.0 * fall).op("Add", 6.0)
    graph.node("MaxPool", kernel_shape=[2, 2], strides=[2, 2]).node("Relu").node("Flatten")
    graph.op("Mul", RNG.normal(size=8)).quant(0.5, bits=3, signed=1)
    agrees(graph.matmul(RNG.integers(-1, 2, (8, 3))))


def test_positions_of_codes_that_nothing_quantizes_are_refused():
    graph = flat().op("Mul", np.arange(1.0, 33)).matmul(WEIGHTS)
    assert refusal(graph) == (
        "MatMul 'MatMul_5' adds channels of different scales up; use one scale"
    )


def test_positions_of_a_map_are_refused():
    graph = Graph("N", 2, 4, 4).quant(0.25).op("Add", np.arange(4.0)).conv(np.ones((3, 2, 1, 1)))
    assert refusal(graph) == (
        "Add 'Add_1': a constant of shape (4,) differs between positions of a map, which is not "
        "supported; use one for each channel"
    )


def rows_on(channels, width, rows, **layout):
    rng = np.random.default_rng(7)
    thresholds = np.sort(rng.uniform(0, 255, (rows, 3)), axis=1)
    graph = Graph(1, channels, width).multithreshold(thresholds, **layout)
    return graph.conv(rng.integers(-1, 2, (5, channels, 3))), thresholds


@pytest.mark.parametrize("layout", [{}, {"data_layout": "NCW"}])
@pytest.mark.parametrize(("channels", "width"), [(4, 16), (2, 5), (7, 3)])
def test_a_row_for_each_channel_of_a_signal(channels, width, layout):
    graph, thresholds = rows_on(channels, width, channels, **layout)
    made = agrees(annotated(graph), argmax=False)
    images = random_images(made.network.input, 20)
    codes = (images[..., None] >= thresholds).sum(axis=-1)
    assert (golden.evaluate(made.network, images)["act1"] == codes).all()
    if layout:
        model = ModelWrapper(graph.model()).transform(InferShapes())
        own = execute_onnx(model, {"x": images[:1, 0].transpose(0, 2, 1).astype(np.float32)})
        assert (golden.run(made.network, images)[0, 0] == own[graph.at][0].T).all()


def test_rows_along_the_signal_are_refused():
    graph, _ = rows_on(4, 4, 4)  # qonnx takes them for those of the last axis
    assert refusal(graph) == (
        "MultiThreshold 'MultiThreshold_0' has 4 rows of thresholds along axis W of NCW, as qonnx "
        "understands its data_layout; state the layout NCW"
    )
    graph, _ = rows_on(4, 6, 6)
    assert "along axis W of NCW" in refusal(graph)


def test_rows_that_fit_nothing_are_refused():
    graph, _ = rows_on(4, 6, 5, data_layout="NCW")
    assert refusal(graph) == (
        "MultiThreshold 'MultiThreshold_0': a constant of shape (5, 3) differs between positions "
        "of a map, which is not supported; use one for each channel"
    )
    assert Source(graph.model()).shape("t0") == (1, 4, 6)


def test_results_of_another_size_are_refused():
    node = onnx.helper.make_node("Add", ["x", "a"], ["y"], "add")
    source = SimpleNamespace(
        reads=lambda node: ["x"], constant=lambda name: None, evaluate=lambda *_: [np.zeros(12)]
    )
    message = "Add 'add' gives 12 numbers for 6; its constants are damaged"
    with pytest.raises(NetworkError, match=f"^{message}$"):
        Step(node=node, layout="NF", channels=3).apply(source, np.zeros((2, 3)))
