"""Operators of qonnx beside those of ONNX, compared with its executor on the graph as it is."""

import numpy as np
import pytest
from onnx import TensorProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx

from threefold.importer import Source, convert
from threefold.network import Codes
from threefold.references import random_images
from threefold.sim import golden

from .agreement import agrees, annotated, operations, simulates
from .graphs import DOMAIN, Graph
from .refusals import refusal

LAST = "qonnx.custom_op.channels_last"


def weights(seed, *shape):
    return np.random.default_rng(seed).integers(-1, 2, shape)


def own(model, real):
    """What qonnx makes of images, one by one, in the graph as it was given."""
    model.opset_import.append(helper.make_opsetid(LAST, 14))
    source, wrapper = Source(model), ModelWrapper(model)
    for node in model.graph.node:  # qonnx cannot infer the shapes of several such operators
        wrapper.set_tensor_shape(node.output[0], source.shape(node.output[0]))
    outputs = [execute_onnx(wrapper, {"x": each[None].astype(np.float32)}) for each in real]
    return np.concatenate([output[model.graph.output[0].name] for output in outputs])


def conv(graph, codes, **attributes):
    """A convolution of channels last, whose weights have theirs last, too."""
    rank = codes.ndim
    given = {"strides": [1] * (rank - 2), "pads": [0] * 2 * (rank - 2), "group": 1}
    given |= {"dilations": [1] * (rank - 2), "kernel_shape": list(codes.shape[1:-1])}
    return graph.node("Conv", graph.constant(codes), domain=LAST, **(given | attributes))


@pytest.mark.parametrize("seed", range(6))
def test_convolutions_of_channels_last(seed):
    rng = np.random.default_rng(seed)
    graph = Graph(1, 6, 7, 2)
    conv(graph, weights(seed, 4, 3, 2, 2), pads=rng.integers(0, 2, 4).tolist(), strides=[1, 2])
    if rng.integers(2):
        constants = [graph.constant(each) for each in rng.uniform(0.5, 2, (4, 4))]
        graph.node("BatchNormalization", *constants, domain=LAST, epsilon=0.0)
    graph.multithreshold([[-90.0, 10.0, 160.0]], data_layout="NHWC")
    if rng.integers(2):
        pool = {"kernel_shape": [2, 2], "strides": [2, 1], "pads": [0, 0, 0, 0], "ceil_mode": 0}
        graph.node("MaxPool", domain=LAST, **pool)
    conv(graph, weights(seed + 9, 3, 2, 1, 4))
    model = annotated(graph)
    made = agrees(model)
    assert made.network.input.shape == (6, 7, 2)
    images = random_images(made.network.input, 5)
    assert (own(model, images) == golden.run(made.network, images)).all()


def test_a_signal_of_channels_last():
    graph = conv(Graph(1, 12, 2), weights(1, 4, 3, 2))
    model = annotated(graph.multithreshold([[-90.0, 10.0]], data_layout="NWC"))
    made = agrees(model)
    images = random_images(made.network.input, 5)
    assert (own(model, images[:, 0]) == golden.run(made.network, images)[:, 0]).all()


def test_groups_and_codes_of_channels_last():
    graph = Graph(1, 6, 6, 2).quant(0.25, bits=3)
    conv(graph, weights(2, 4, 2, 2, 1), group=2).quant(0.25, bits=4, signed=1)
    model = graph.node("MaxPoolNHWC", domain=DOMAIN, kernel_shape=[2, 2], strides=[2, 2]).model()
    made = agrees(model)
    assert operations(made) == ["Conv", "Threshold", "MaxPool"]
    images = random_images(made.network.input, 5)
    real = own(model, made.input.real(images))
    codes = made.network.types[made.network.output.name].codes
    assert (real / 0.25 == codes.values[golden.run(made.network, images)]).all()
    assert simulates(made.network)


def test_weights_of_channels_first_are_refused():
    """Four channels along the first axis of the kernel are none of the two that there are."""
    graph = Graph(1, 6, 6, 2).quant()
    assert refusal(conv(graph, weights(3, 4, 2, 3, 3))).startswith("Conv 'Conv_1'")


def marked(graph, kind):
    if kind == "DebugMarker":
        return graph.node(kind, domain=DOMAIN, export_debug_name=f"m{len(graph.nodes)}")
    if kind == "Dropout":
        return graph.node(kind, graph.constant(0.3), graph.constant(False, bool))
    return graph.node(kind, **({"to": TensorProto.FLOAT} if kind == "Cast" else {}))


@pytest.mark.parametrize("kind", ["DebugMarker", "Dropout", "Identity", "Cast"])
@pytest.mark.parametrize("end", ["logits", "ArgMax", "codes"])
def test_what_changes_nothing_anywhere(kind, end):
    graph = marked(Graph("N", 2, 6, 6), kind)
    marked(graph.quant(0.25, bits=3), kind)
    marked(graph.conv(weights(4, 3, 2, 2, 2)), kind).node("Relu")
    marked(marked(graph, kind).node("MaxPool", kernel_shape=[2, 2], strides=[2, 2]), kind)
    marked(marked(graph.quant(0.5, bits=2), kind).node("Flatten"), kind)
    marked(graph.matmul(weights(5, 12, 3)), kind)
    if end == "ArgMax":
        marked(graph.node("ArgMax", axis=1), "Identity" if kind != "DebugMarker" else kind)
        model = graph.model(type=TensorProto.INT64)
    else:
        model = marked(graph.quant(0.5, bits=4), kind).model() if end == "codes" else graph.model()
    made = agrees(model)
    assert made.input.codes == Codes.unsigned(3)
    end = ["Conv", "Threshold"] if end == "codes" else ["Conv", "Logits", "ArgMax"]
    assert operations(made) == ["Conv", "Threshold", "MaxPool", *end]


def test_a_marker_of_weights():
    graph = Graph("N", 4).quant(0.25, bits=3)
    at, name = graph.at, graph.weights(weights(6, 4, 3), 0.5, "quant")
    name = marked(graph.node("Identity", of=[name]), "DebugMarker").at
    agrees(graph.node("MatMul", of=[at, name]))


def test_a_marker_of_brevitas():
    graph = Graph("N", 4).quant(0.25, bits=3).node("DebugMarker", domain="onnx.brevitas")
    agrees(graph.matmul(weights(7, 4, 3)))


@pytest.mark.parametrize("opset", [7, 11])
def test_a_dropout_of_older_versions(opset):
    graph = Graph("N", 4).quant(0.25, bits=3).node("Dropout", ratio=0.5).matmul(weights(8, 4, 3))
    source = Source(graph.model(opset=opset))
    assert operations(convert(source, "net")) == ["Conv", "Logits", "ArgMax"]
