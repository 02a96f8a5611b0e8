"""Graphs that cannot be networks."""

import numpy as np
import pytest
from onnx import TensorProto

from threefold.errors import NetworkError
from threefold.importer import Source, convert

from .graphs import Graph

__all__ = ["EYE", "ONE", "image", "refusal", "second", "vector"]

ONE = np.ones((3, 2, 3, 3))
EYE = np.eye(4)


def image():
    return Graph("N", 2, 6, 6).quant(0.5, bits=3)


def vector():
    return Graph("N", 4).quant(0.5, bits=3)


def second(graph):
    graph.at += "_1"
    return graph


def refusal(graph):
    """Why a graph is not imported."""
    if isinstance(graph, Graph):
        last = graph.nodes[-1]
        is_class = last.op_type == "ArgMax" or graph.at in last.output[1:]
        graph = graph.model(type=TensorProto.INT64 if is_class else TensorProto.FLOAT)
    with pytest.raises(NetworkError) as caught:
        convert(Source(graph), "net")
    return str(caught.value)
