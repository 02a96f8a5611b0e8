"""What the narrower networks within a network have of their own."""

from collections.abc import Sequence

import numpy as np

from threefold.errors import NetworkError
from threefold.network import Conv, Logits, Network, Node, Op, PadChannels, Threshold, Width

__all__ = ["width_of"]


def width_of(whole: Network, name: str, nodes: Sequence[Node]) -> Width:
    """The width ``name`` of ``whole`` that is the network of ``nodes``.

    Parameters
    ----------
    whole : Network
    name : str
    nodes : sequence of Node
        Of the same names as those of ``whole``.

    Raises
    ------
    NetworkError
        If a node is not a part of that of the whole.
    """
    filters, ops = {}, {}
    for node, other in zip(nodes, whole.nodes, strict=True):
        if isinstance(node.op, Conv) and node.op.filters != other.op.filters:
            filters[node.name] = node.op.filters
        elif isinstance(node.op, Threshold | PadChannels | Logits) and not _same(node.op, other.op):
            ops[node.name] = node.op
    width = Width(filters, ops)
    part = Network(whole.name, whole.input, whole.nodes, {}, {name: width}).at(name)
    for node, other in zip(nodes, part.nodes, strict=True):
        if not _same(node.op, other.op):
            raise NetworkError(f"{node.name} at width {name!r} is not a part of the whole")
    return width


def _same(op: Op, other: Op) -> bool:
    arrays, others = op.arrays(), other.arrays()
    return (
        op.kind == other.kind
        and op.attributes() == other.attributes()
        and all(np.array_equal(arrays[key], others[key]) for key in arrays)
    )
