"""Pooling: maxima and means of windows."""

from dataclasses import replace

import numpy as np
import onnx

from ..errors import NetworkError
from ..network import Codes, MaxPool, SumPool, Tensor
from .builder import Builder
from .edge import NO_PADDING, Edge
from .nodes import attributes, describe

__all__ = [
    "average_pool",
    "global_average_pool",
    "max_pool",
    "mean",
    "pooled",
    "settled_pools",
    "window",
]


def max_pool(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """The largest of each window; behind the next quantizer, if what is read is not codes yet."""
    kernel, stride, padding = window(node, edge, builder)
    op = MaxPool(kernel, stride, padding)
    if not edge.plain or (edge.scale < 0).any():
        try:
            shape = op.infer(Tensor(edge.type.shape, Codes(1))).shape
        except NetworkError as error:
            raise NetworkError(f"{describe(node)}: {error}") from None
        element = edge.type.element
        pools, origin = (*edge.pools, (len(edge.steps), op, node.output[0])), edge.origin or edge
        return replace(edge, pools=pools, type=Tensor(shape, element), origin=origin)
    return _on(builder, edge, builder.make("pool", op, edge.node, of=node))


def pooled(builder: Builder, edge: Edge, before: Edge, node: onnx.NodeProto) -> Edge:
    """Codes ``edge`` of a quantizer, after the windows that came ahead of it.

    A maximum of real numbers becomes that of their codes, if nothing between falls.

    Raises
    ------
    NetworkError
        If something does.
    """
    if (channel := _falling(builder, before)) is not None:
        raise NetworkError(
            f"{describe(node)}: a function behind a MaxPool falls in channel {channel}; quantize "
            f"ahead of the MaxPool"
        )
    for _, op, _ in before.pools:
        edge = _on(builder, edge, builder.make("pool", op, edge.node, of=node))
    return edge


def settled_pools(builder: Builder, edge: Edge, step: onnx.NodeProto) -> Edge:
    """The same real numbers, maxima of codes taken already if ``step`` makes codes that fall."""
    if edge.sums is not None or _falling(builder, edge.after(step)) is None:
        return edge
    count, _, tensor = edge.pools[-1]
    made = builder.settled(replace(edge, steps=edge.steps[:count]), step)
    made = replace(made, tensor=tensor, origin=None)
    return replace(made, steps=edge.steps[count:], origin=made)


def _falling(builder: Builder, edge: Edge) -> int | None:
    """The first channel in which a function behind a maximum falls, if there is one."""
    for count, _, _ in edge.pools:
        head = replace(edge, steps=edge.steps[:count])
        ends = np.sort([head.results(builder.source, end[None])[0] for end in edge.bounds()], 0)
        low, high = (edge.through(builder.source, end[None], count) for end in ends)
        if (low > high).any():
            return int(np.flatnonzero((low > high)[0])[0])
    return None


def average_pool(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """The mean of each window, as a sum whose divisor is in the scale."""
    kernel, stride, padding = window(node, edge, builder)
    if any(padding):
        raise NetworkError(f"{describe(node)}: padding of a mean is not supported; pad the layer")
    return _mean(builder, node, edge, kernel, stride)


def global_average_pool(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """The mean of the whole map."""
    _require_channels_first(node, edge)
    kernel = edge.type.shape[:2]
    return _mean(builder, node, edge, kernel, kernel)


def mean(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """The mean along axes, if they are those of the pixels."""
    given = attributes(node)
    axes = given.get("axes")
    if axes is None and len(node.input) > 1:
        axes = builder.source.constant(node.input[1])
    pixels = {index for index, axis in enumerate(edge.layout) if axis in "HW"}
    if axes is None or not pixels or {int(n) % len(edge.layout) for n in axes} != pixels:
        raise NetworkError(f"{describe(node)}: only the mean of whole maps is supported")
    kernel = edge.type.shape[:2]
    found = _mean(builder, node, edge, kernel, kernel)
    if given.get("keepdims", 1):
        return found
    return replace(found, layout="NF", order=np.arange(found.channels))


def window(
    node: onnx.NodeProto,
    edge: Edge,
    builder: Builder,
    ahead: tuple[int, int, int, int] = NO_PADDING,
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int, int, int]]:
    """Kernel, stride and padding (top, left, bottom, right) of a node, ``ahead`` of it included.

    Raises
    ------
    NetworkError
        If windows are dilated, or as many as ``ceil_mode`` makes.
    """
    given = attributes(node)
    _require_channels_first(node, edge)
    one = len(edge.layout) == 3
    kernel = tuple(given.get("kernel_shape") or builder.source.shape(node.input[1])[2:])
    stride = tuple(given.get("strides") or (1,) * len(kernel))
    if any(n != 1 for n in given.get("dilations", ())):
        raise NetworkError(f"{describe(node)}: dilated windows are not supported; train it without")
    pads = tuple(given.get("pads") or (0,) * (2 * len(kernel)))
    if one:
        kernel, stride, pads = (1, *kernel), (1, *stride), (0, pads[0], 0, pads[1])
    auto = given.get("auto_pad", "NOTSET")
    height, width = edge.type.shape[:2]
    height, width = height + ahead[0] + ahead[2], width + ahead[1] + ahead[3]
    if auto.startswith("SAME"):
        need = [
            max((-(-size // s) - 1) * s + k - size, 0)
            for size, s, k in zip((height, width), stride, kernel, strict=True)
        ]
        first = [n // 2 if auto == "SAME_UPPER" else -(-n // 2) for n in need]
        pads = (*first, *(n - f for n, f in zip(need, first, strict=True)))
    elif auto == "VALID":
        pads = (0, 0, 0, 0)
    found = [
        (size + pads[i] + pads[i + 2] - kernel[i]) // stride[i] + 1
        for i, size in enumerate((height, width))
    ]
    if min(found) < 1:
        raise NetworkError(
            f"{describe(node)}: a {kernel[0]}×{kernel[1]} kernel does not fit into "
            f"{height}×{width} pixels"
        )
    asked = builder.source.shape(node.output[0])[2:]
    if tuple(found[-len(asked) :]) != tuple(asked):
        raise NetworkError(
            f"{describe(node)}: windows that end outside of the map (ceil_mode) are not supported; "
            f"pad the map"
        )
    (kernel_h, kernel_w), (down, right) = kernel, stride
    top, before, bottom, after = (a + b for a, b in zip(pads, ahead, strict=True))
    return (kernel_h, kernel_w), (down, right), (top, before, bottom, after)


def _require_channels_first(node: onnx.NodeProto, edge: Edge) -> None:
    if edge.layout not in ("NCHW", "NCW"):
        raise NetworkError(
            f"{describe(node)} reads axes {edge.layout}; ONNX has the channels ahead of the pixels"
        )


def _mean(builder: Builder, node: onnx.NodeProto, edge: Edge, kernel, stride) -> Edge:
    edge = builder.settled(edge, node)
    found = _on(builder, edge, builder.make("pool", SumPool(kernel, stride), edge.node, of=node))
    return replace(found, scale=edge.scale / (kernel[0] * kernel[1]))


def _on(builder: Builder, edge: Edge, name: str) -> Edge:
    return replace(edge, node=name, type=builder.types[name])
