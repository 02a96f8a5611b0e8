"""Imports that are compared with their source: golden model, executor and, if asked, hardware."""

import numpy as np
import onnx
from onnx import TensorProto

from threefold.importer import Source, compare, convert
from threefold.plan import Folding, fold, lower
from threefold.plan.layers import ConvLayer
from threefold.references import random_images
from threefold.sim import golden
from threefold.sim.verification import AcceleratorBench

from .graphs import Graph

__all__ = ["agrees", "annotated", "operations", "simulates"]


def annotated(graph, name="UINT8"):
    """The model of a graph whose input is stated to be integers."""
    is_class = graph.nodes[-1].op_type in ("ArgMax", "TopK")
    model = graph.model(type=TensorProto.INT64 if is_class else TensorProto.FLOAT)
    entries = model.graph.quantization_annotation.add(tensor_name=graph.input.name)
    entries.quant_parameter_tensor_names.add(key="finn_datatype", value=name)
    return model


def agrees(graph, images=40, **options):
    """The import of a graph or model, no code of which differs from its source."""
    if isinstance(graph, Graph):
        is_class = graph.nodes[-1].op_type in ("ArgMax", "TopK")
        graph = graph.model(type=TensorProto.INT64 if is_class else TensorProto.FLOAT)
    assert isinstance(graph, onnx.ModelProto)
    source = Source(graph)
    made = convert(source, "net", **options)
    if isinstance(images, int):
        images = random_images(made.network.input, images)
    found = compare(source, made, images)
    assert found.differ == 0, found.first
    assert found.rounded * 50 <= found.values
    return made


def operations(made):
    """Names of the operations of an import, in order."""
    return [type(node.op).__name__ for node in made.network.nodes]


def simulates(network, count=2):
    """Whether the hardware of a network equals golden on random images."""
    foldings = {layer.name: Folding(1, 1) for layer in lower(network) if type(layer) is ConvLayer}
    plan = fold(network, foldings)
    images = random_images(network.input, count, seed=1)
    outputs = np.array(AcceleratorBench(plan).run(images).outputs)
    return bool((outputs == golden.run(network, images).reshape(count, -1)).all())
