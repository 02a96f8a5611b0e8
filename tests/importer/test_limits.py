"""Small files that would take large memories or long times."""

import numpy as np
import pytest

from threefold.errors import NetworkError
from threefold.importer import Source, convert, ternarized

from .graphs import Graph
from .refusals import EYE, ONE, image, refusal, vector


def chain(length):
    graph = vector()
    for _ in range(length):
        graph.node("Relu")
    return graph.matmul(EYE)


def filled(graph, *shape):
    """The name of a constant that the graph computes."""
    at, size = graph.at, graph.constant(shape, np.int64)
    made = graph.node("ConstantOfShape", of=[size]).at
    graph.at = at
    return made


def test_long_chains():
    graph = chain(509).model()
    assert len(Source(graph).nodes) == 511
    message = "the graph has 601 nodes beside constants; networks for small FPGAs have at most 512"
    with pytest.raises(NetworkError, match=f"^{message}$"):
        Source(chain(599).model())


def test_many_constants():
    graph = vector()
    for _ in range(3):
        at = graph.at
        largest = graph.node("ReduceMax", of=[filled(graph, 6000, 6000)], keepdims=0).at
        graph.node("Add", largest, of=[at])
    message = (
        r"^ConstantOfShape 'ConstantOfShape_4': the graph computes constants of 72,000,001 "
        r"elements in all, which no small FPGA holds$"
    )
    with pytest.raises(NetworkError, match=message):
        Source(graph.matmul(EYE).model())


@pytest.mark.parametrize("shape", [(1 << 31,), (1 << 40,), (1 << 30, 1, 1), (1, 1 << 20, 1 << 12)])
def test_large_inputs(shape):
    assert "16777216" in refusal(Graph("N", *shape).quant(1.0))


def test_large_kernels():
    graph = Graph("N", 1, 64, 64).quant(1.0)
    graph.node("Conv", filled(graph, 1, 1, 1000, 1000), pads=[999] * 4)
    message = (
        "an image takes 1,129,969,000,000 additions; networks for small FPGAs take at most "
        "8,589,934,592"
    )
    assert refusal(graph.quant(1.0)) == message


@pytest.mark.parametrize("kind", ["Conv", "MatMul", "Gemm"])
def test_layers_without_weights_cannot_be_made_ternary(kind):
    graph = (image() if kind == "Conv" else vector()).node(kind)
    message = f"^{kind} '{kind}_1' has attributes or inputs that do not go together"
    with pytest.raises(NetworkError, match=message):
        ternarized(Source(graph.model()))


@pytest.mark.parametrize(
    "weights", [np.float32(1), np.zeros((4, 0), np.float32), np.ones((4, 3), bool)], ids=str
)
def test_weights_that_are_none_cannot_be_made_ternary(weights):
    graph = vector()
    model = graph.node("MatMul", graph.constant(weights, weights.dtype)).model()
    with pytest.raises(NetworkError):
        convert(ternarized(Source(model))[0], "net")


def test_a_norm_in_training_is_refused():
    graph = vector().matmul(EYE)
    constants = [graph.constant([1.0] * 4) for _ in range(4)]
    graph.node("BatchNormalization", *constants, training_mode=1, outputs=3)
    message = "BatchNormalization 'BatchNormalization_2' is in training mode; export in"
    assert refusal(graph.model(opset=14, output="t2")).startswith(message)


def test_a_stride_beyond_the_map_is_never_taken():
    graph = image().conv(ONE).node("MaxPool", kernel_shape=[1, 1], strides=[5, 5]).quant(1.0)
    network = convert(Source(graph.model()), "net").network
    assert network.types["pool1"].shape[:2] == (1, 1)


@pytest.mark.parametrize(("index", "what"), [(1, "scale"), (2, "zero point"), (3, "bit width")])
def test_one_number_for_each_channel_is_named(index, what):
    graph = vector().matmul(EYE)
    numbers = [[0.5], [0.0], [4.0]]
    numbers[index - 1] = np.arange(1, 5)
    graph.node(
        "Quant",
        *(graph.constant(number) for number in numbers),
        domain="qonnx.custom_op.general",
        signed=1,
        narrow=0,
        rounding_mode="ROUND",
    )
    message = f"Quant 'Quant_2' has a {what} for each channel; layers add the channels up, so that"
    assert refusal(graph).startswith(message)


@pytest.mark.parametrize(("name", "value"), [("signed", [1]), ("narrow", 1.5), ("narrow", "yes")])
def test_attributes_of_quantizers_have_their_types(name, value):
    graph = vector().matmul(EYE)
    numbers = [graph.constant(number) for number in (0.5, 0.0, 4.0)]
    given = {"signed": 1, "narrow": 0, "rounding_mode": "ROUND", name: value}
    graph.node("Quant", *numbers, domain="qonnx.custom_op.general", **given)
    assert refusal(graph) == f"Quant 'Quant_2': {name} is not of type int"
