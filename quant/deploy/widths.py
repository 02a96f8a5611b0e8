"""Widths of an exported network."""

from collections.abc import Sequence

from threefold.errors import NetworkError
from threefold.network import Conv, Network, Node, Op, Width

__all__ = ["width_of"]


def width_of(whole: Network, name: str, nodes: Sequence[Node]) -> Width:
    """The width ``name`` of ``whole`` that is the network of ``nodes``.

    Parameters
    ----------
    whole : Network
    name : str
    nodes : sequence of Node
        Nodes of the same names as those of ``whole``.

    Raises
    ------
    NetworkError
        If a node is not a part of that of the whole.
    """
    filters: dict[str, int] = {}
    ops: dict[str, Op] = {}
    for node, other in zip(nodes, whole.nodes, strict=True):
        if isinstance(node.op, Conv) and isinstance(other.op, Conv):
            if node.op.filters != other.op.filters:
                filters[node.name] = node.op.filters
        elif node.op.varies and node.op != other.op:
            ops[node.name] = node.op
    width = Width(filters, ops)
    part = Network(whole.name, whole.input, whole.nodes, {}, {name: width}).at(name)
    for node, other in zip(nodes, part.nodes, strict=True):
        if node.op != other.op:
            raise NetworkError(f"{node.name} at width {name!r} is not a part of the whole")
    return width
