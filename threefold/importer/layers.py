"""Layers with weights."""

from dataclasses import replace

import numpy as np
import onnx

from ..errors import NetworkError
from ..network import Conv, Dense, Sums
from .builder import Builder
from .edge import NO_PADDING, Edge
from .nodes import attributes, describe
from .pools import window
from .weights import ternary
from .zeros import with_zero

__all__ = ["convolution", "gemm", "product"]


def convolution(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """A convolution."""
    edge, ahead = builder.settled(replace(edge, padding=NO_PADDING), node), edge.padding
    _, stride, padding = window(node, edge, builder, ahead)
    weights = _constant(builder, node, 1)
    groups = attributes(node).get("group", 1)
    maps = weights[:, :, None] if weights.ndim == 3 else weights
    codes, scale = ternary(maps, node, builder.source)
    edge = with_zero(builder, node, edge) if any(padding) else edge
    op = _checked(node, Conv, codes.transpose(0, 2, 3, 1), stride, padding, groups)
    bias = _constant(builder, node, 2) if len(node.input) > 2 and node.input[2] else None
    return _sums(node, edge, op, scale, bias)


def product(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """A product with a matrix behind it."""
    if builder.source.constant(node.input[1]) is None:
        raise NetworkError(f"{describe(node)}: the weights come second, and are constant")
    return _dense(builder, node, edge, _constant(builder, node, 1).T, None)


def gemm(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """A product with a matrix and a bias."""
    given = attributes(node)
    if given.get("transA", 0):
        raise NetworkError(f"{describe(node)}: transA is not supported; transpose the weights")
    weights = _constant(builder, node, 1) * np.float32(given.get("alpha", 1.0))
    weights = weights if given.get("transB", 0) else weights.T
    bias = None
    if len(node.input) > 2 and node.input[2]:
        bias = _constant(builder, node, 2) * np.float32(given.get("beta", 1.0))
        bias = np.broadcast_to(bias.reshape(-1), (len(weights),))
    return _dense(builder, node, edge, weights, bias)


def _dense(builder, node, edge: Edge, weights: np.ndarray, bias: np.ndarray | None) -> Edge:
    edge = builder.settled(edge, node)
    if weights.ndim != 2 or edge.layout not in ("NF", "NHWC", "NWC"):
        raise NetworkError(
            f"{describe(node)} multiplies tensors of axes {edge.layout} and "
            f"{weights.shape}; vectors and matrices are supported"
        )
    codes, scale = ternary(weights, node, builder.source)
    if edge.layout == "NF":
        ordered = np.empty_like(codes)
        ordered[:, edge.places] = codes
        op = _checked(node, Dense, ordered, edge.type.shape)
    else:
        op = _checked(node, Conv, codes[:, None, None, :])
    made = _sums(node, edge, op, scale, bias)
    order = np.arange(len(codes)) if edge.layout == "NF" else None
    return replace(made, order=order)


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


def _checked(node: onnx.NodeProto, kind, *arguments):
    try:
        return kind(*arguments)
    except NetworkError as error:
        raise NetworkError(f"{describe(node)}: {error}") from None
