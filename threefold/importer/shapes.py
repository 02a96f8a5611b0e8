"""Rearrangements: nodes that move elements and compute nothing."""

from dataclasses import replace

import onnx

from ..errors import NetworkError
from .axes import LAYOUTS, laid_out, places
from .builder import Builder
from .edge import Edge
from .nodes import attributes, describe

__all__ = ["reshape", "transpose"]


def reshape(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """A map as the vector of all its elements, the other way round, or what moves nothing.

    Raises
    ------
    NetworkError
        If it mixes pixels and channels, or images.
    """
    before, after = (
        builder.source.shape(name) for name in (builder.source.reads(node)[0], node.output[0])
    )
    if node.op_type == "Flatten" and attributes(node).get("axis", 1) % len(before) == 0:
        raise NetworkError(f"{describe(node)} makes one vector of all images; set axis to 1")
    if before == after or edge.is_class:
        return edge
    if after[0] == 1:
        moved = places(edge).reshape(after)
        if len(after) == 2:
            return replace(edge, layout="NF", order=moved.ravel())
        if (found := laid_out(edge, moved)) is not None:
            return found
    raise NetworkError(
        f"{describe(node)} makes {after} of {before}; vectors of maps and maps of vectors are "
        f"supported, and nothing that moves pixels into channels"
    )


def transpose(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """The same tensor with its axes in another order."""
    axes = attributes(node).get("perm") or list(range(len(edge.layout)))[::-1]
    layout = "".join(edge.layout[axis] for axis in axes)
    if layout in (*LAYOUTS, "NF"):
        return replace(edge, layout=layout)
    if axes[0] == 0 and (found := laid_out(edge, places(edge).transpose(axes))) is not None:
        return found
    raise NetworkError(
        f"{describe(node)} makes axes {layout} of {edge.layout}; channels come right behind "
        f"the images or last"
    )
