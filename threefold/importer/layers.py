"""Layers with weights."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import onnx

from ..errors import NetworkError
from ..network import Conv, Dense, Sums
from .builder import Builder
from .edge import NO_PADDING, Edge
from .nodes import attributes, describe
from .pools import window
from .units import stated_units
from .weights import Weights, integers
from .zeros import with_zero

__all__ = ["convolution", "gemm", "product"]


def convolution(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """A convolution."""
    edge, ahead = builder.settled(replace(edge, padding=NO_PADDING), node), edge.padding
    _, stride, padding = window(node, edge, builder, ahead)
    weights = _weights(builder, node, lambda real: real[:, :, None] if real.ndim == 3 else real)
    groups = attributes(node).get("group", 1)
    edge = with_zero(builder, node, edge) if any(padding) else edge
    kernels = weights.codes.transpose(0, 2, 3, 1)
    op = _checked(node, Conv, kernels, stride, padding, groups, weights.bits)
    bias = _constant(builder, node, 2) if len(node.input) > 2 and node.input[2] else None
    return _sums(node, edge, op, weights.scale, bias)


def product(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """A product with a matrix behind it."""
    if builder.source.constant(node.input[1]) is None:
        raise NetworkError(f"{describe(node)}: the weights come second, and are constant")
    return _dense(builder, node, edge, np.transpose, None)


def gemm(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """A product with a matrix and a bias."""
    given = attributes(node)
    if given.get("transA", 0):
        raise NetworkError(f"{describe(node)}: transA is not supported; transpose the weights")
    factor = np.float32(given.get("alpha", 1.0))

    def arranged(real: np.ndarray) -> np.ndarray:
        return real * factor if given.get("transB", 0) else (real * factor).T

    bias = None
    if len(node.input) > 2 and node.input[2]:
        outputs = len(arranged(_constant(builder, node, 1)))
        bias = _constant(builder, node, 2) * np.float32(given.get("beta", 1.0))
        bias = np.broadcast_to(bias.reshape(-1), (outputs,))
    return _dense(builder, node, edge, arranged, bias)


def _dense(
    builder: Builder,
    node: onnx.NodeProto,
    edge: Edge,
    arranged: Callable[[np.ndarray], np.ndarray],
    bias: np.ndarray | None,
) -> Edge:
    """A product with a matrix, of which ``arranged`` makes (outputs, inputs)."""
    edge = builder.settled(edge, node)
    shape = arranged(_constant(builder, node, 1)).shape
    if len(shape) != 2 or edge.layout not in ("NF", "NHWC", "NWC"):
        raise NetworkError(
            f"{describe(node)} multiplies tensors of axes {edge.layout} and {shape}; vectors and "
            f"matrices are supported"
        )
    weights = _weights(builder, node, arranged)
    codes = weights.codes
    if edge.layout == "NF":
        ordered = np.empty_like(codes)
        ordered[:, edge.places] = codes
        op = _checked(node, Dense, ordered, edge.type.shape, weights.bits)
    else:
        op = _checked(node, Conv, codes[:, None, None, :], bits=weights.bits)
    made = _sums(node, edge, op, weights.scale, bias)
    order = np.arange(len(codes)) if edge.layout == "NF" else None
    return replace(made, order=order)


def _weights(
    builder: Builder, node: onnx.NodeProto, arranged: Callable[[np.ndarray], np.ndarray]
) -> Weights:
    """The weights of a layer, of which ``arranged`` makes an array with a row for each filter."""
    real, source = arranged(_constant(builder, node, 1)), builder.source
    units = stated_units(source, node.input[1])
    return integers(real, None if units is None else np.abs(arranged(units)), node, source)


def _sums(node: onnx.NodeProto, edge: Edge, op: Conv, scale: np.ndarray, bias) -> Edge:
    """Accumulators, and the real numbers that they mean."""
    depth = op.weights.shape[3]
    per_filter = len(scale) // op.groups
    unit, shift = np.empty(len(scale)), np.zeros(len(scale))
    for row in range(len(scale)):
        first = row // per_filter * depth
        units = edge.scale[first : first + depth]
        if (units != units[0]).any():
            raise NetworkError(
                f"{describe(node)} adds channels of different scales up; use one scale"
            )
        unit[row] = units[0] * scale[row]
        shift[row] = (
            scale[row] * (op.weights[row].sum((0, 1)) * edge.shift[first : first + depth]).sum()
        )
    if bias is not None:
        if not np.isfinite(bias).all():
            raise NetworkError(f"{describe(node)}: a bias is not finite; train again")
        shift = shift + bias
    try:
        out = op.infer(edge.type)
    except NetworkError as error:
        raise NetworkError(f"{describe(node)}: {error}") from None
    return replace(edge, type=out, scale=unit, shift=shift, sums=Sums(op, edge.type.codes))


def _constant(builder: Builder, node: onnx.NodeProto, index: int) -> np.ndarray:
    value = builder.source.constant(node.input[index])
    if value is None:
        raise NetworkError(f"{describe(node)}: input {index} follows from the input of the graph")
    return value


def _checked(node: onnx.NodeProto, kind, *arguments, **options):
    try:
        return kind(*arguments, **options)
    except NetworkError as error:
        raise NetworkError(f"{describe(node)}: {error}") from None
