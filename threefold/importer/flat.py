"""Flattened edges: vectors of maps, each position of which becomes a channel."""

from dataclasses import replace

import numpy as np
import onnx

from ..errors import NetworkError
from ..network import Flatten
from .axes import places
from .builder import Builder
from .edge import Edge
from .nodes import describe

__all__ = ["after"]


def after(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """An edge with one more step, its positions taken apart if the step has constants for each.

    Raises
    ------
    NetworkError
        If it has, and the edge is a map, or a vector of sums.
    """
    shape = edge.step(node).misfit(builder.source)
    if shape is not None and edge.layout == "NF" and edge.type.shape[:2] != (1, 1):
        if edge.sums is not None:
            raise NetworkError(
                f"{describe(node)}: a constant of shape {shape} differs between positions of a "
                f"map, which needs codes; put a quantizer ahead of the Flatten"
            )
        edge = _flattened(builder, node, edge)
    return edge.after(node)


def _flattened(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """The same vector, of one pixel with as many channels."""
    if edge.pools:
        (tensor,) = builder.source.reads(node)
        edge = replace(builder.settled(edge, node), tensor=tensor, origin=None)
    name = builder.make("flatten", Flatten(), edge.node, of=node)
    pixels = edge.type.shape[0] * edge.type.shape[1]

    def flat(of: Edge) -> Edge:
        return replace(
            of,
            node=name,
            type=builder.types[name],
            scale=np.tile(of.scale, pixels),
            shift=np.tile(of.shift, pixels),
            layout="NF",
            order=places(of).ravel(),
            origin=of.origin and flat(of.origin),
        )

    return flat(edge)
