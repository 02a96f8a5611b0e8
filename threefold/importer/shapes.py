"""Rearrangements: nodes that move elements and compute nothing."""

from dataclasses import replace

import numpy as np
import onnx

from ..errors import NetworkError
from .builder import Builder
from .edge import Edge
from .nodes import attributes, describe

__all__ = ["reshape", "transpose"]


def reshape(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """A map as the vector of all its elements, or what changes nothing."""
    before, after = (
        builder.source.shape(name) for name in (builder.source.reads(node)[0], node.output[0])
    )
    if node.op_type == "Flatten" and attributes(node).get("axis", 1) % len(before) == 0:
        raise NetworkError(f"{describe(node)} makes one vector of all images; set axis to 1")
    if before == after or edge.is_class:
        return edge
    height, width, channels = edge.type.shape
    if len(after) == 2 and after[1] == height * width * channels and edge.layout != "NF":
        return replace(edge, layout="NF", order=_order(edge))
    one_pixel = (height, width) == (1, 1) and np.prod(after) == channels
    if edge.layout == "NF" and one_pixel and after[1] == channels and len(after) in (3, 4):
        return replace(edge, layout="NCHW" if len(after) == 4 else "NCW", order=None)
    if edge.layout == "NCHW" and after == (1, channels, width) and height == 1:
        return replace(edge, layout="NCW")
    raise NetworkError(
        f"{describe(node)} makes {after} of {before}; vectors of maps are supported, and nothing "
        f"that moves pixels into channels"
    )


def transpose(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """The same tensor with its axes in another order."""
    axes = attributes(node).get("perm") or list(range(len(edge.layout)))[::-1]
    layout = "".join(edge.layout[axis] for axis in axes)
    if layout not in ("NCHW", "NHWC", "NCW", "NWC", "NF"):
        raise NetworkError(
            f"{describe(node)} makes axes {layout} of {edge.layout}; channels come right behind "
            f"the images or last"
        )
    return replace(edge, layout=layout)


def _order(edge: Edge) -> np.ndarray:
    """Where the network has each element of a vector."""
    places = np.arange(edge.type.size).reshape(edge.type.shape)
    return (places.transpose(2, 0, 1) if edge.layout in ("NCHW", "NCW") else places).ravel()
