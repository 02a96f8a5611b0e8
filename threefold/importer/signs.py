"""Signs and comparisons: codes of few values, and the numbers that are chosen by them."""

from dataclasses import replace

import numpy as np
import onnx

from ..errors import NetworkError
from ..network import Codes
from .builder import Builder
from .edge import Edge
from .grid import Grid
from .nodes import describe
from .quantizers import quantized, reads

__all__ = ["choice", "comparison", "inverse", "sign"]


def sign(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """Codes of −1, 0 and +1, or of −1 and +1 where nothing the node reads is 0."""
    read, ternary = reads(builder, node, edge), Grid(Codes.ternary(), 1.0)

    def reference(values: np.ndarray) -> np.ndarray:
        return ternary.codes_of(read.results(builder.source, values))

    _, threshold, falling = read.requantized(reference, ternary.codes)
    lo, hi = read.bounds()
    start, step = np.where(falling, -hi, lo), read.distance
    zero, positive = threshold.thresholds.T
    first = start - (start - zero) // step * step  # that is possible, from 0 on
    to = Grid(Codes.bipolar(), 1.0) if (first >= positive).all() else ternary
    return quantized(builder, node, read, to)


def comparison(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """Codes 0 and 1 for false and true of a comparison with constants."""
    return quantized(builder, node, reads(builder, node, edge), Grid(Codes(1), 1.0))


def inverse(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """What is true where a comparison is false."""
    return replace(edge, scale=-edge.scale, shift=1 - edge.shift)


def choice(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """One constant where a comparison is true, another where it is false.

    Raises
    ------
    NetworkError
        If something else is chosen.
    """
    source, (condition, *names) = builder.source, node.input
    stored = [source.constant(name) for name in names]
    constants = [each for each in stored if each is not None]
    if source.constant(condition) is not None or len(constants) < 2:
        raise NetworkError(
            f"{describe(node)} gives numbers that follow from the input; only the choice between "
            f"two constants is supported"
        )
    if any(len(np.unique(each)) != 1 for each in constants):
        raise NetworkError(f"{describe(node)} chooses among several constants; use one for each")
    if source.shape(node.output[0]) != source.shape(condition):
        raise NetworkError(f"{describe(node)} makes a tensor larger; give it scalars")
    true, false = (float(each.flat[0]) for each in constants)
    if true == false or not np.isfinite([true, false]).all():
        raise NetworkError(
            f"{describe(node)} chooses between {true:g} and {false:g}; use two finite numbers that "
            f"differ"
        )
    return replace(
        edge, scale=(true - false) * edge.scale, shift=(true - false) * edge.shift + false
    )
