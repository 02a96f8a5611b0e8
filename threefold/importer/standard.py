"""Standard forms of operators that qonnx has beside those of ONNX."""

import onnx
from onnx import helper

from .nodes import RESHAPED, attributes

__all__ = ["standardize"]

_MARKERS = ("DebugMarker",)
_LAST = "qonnx.custom_op.channels_last"
_LAST_KINDS = {"BatchNormalization": 1, "Conv": 2, "MaxPool": 1}  # inputs with channels last


def standardize(graph: onnx.GraphProto) -> None:
    """Put operators of ONNX in place of those of qonnx that do the same.

    A marker becomes an Identity. Layers whose channels come last become those of ONNX between
    Transposes: ``Conv``, ``MaxPool`` and ``BatchNormalization`` of
    ``qonnx.custom_op.channels_last``, the weights of which have their channels last as well, and
    ``MaxPoolNHWC``.
    """
    ranks, made = _ranks(graph), []
    for node in graph.node:
        first = ranks.get(node.input[0]) if node.input else None
        if node.op_type in _MARKERS:
            node.op_type, node.domain = "Identity", ""
            del node.attribute[:]
        elif node.op_type == "MaxPoolNHWC":
            node.op_type, node.domain = "MaxPool", _LAST
        if node.domain == _LAST and node.op_type in _LAST_KINDS:
            size = attributes(node).get("kernel_shape")
            first = 2 + len(size) if isinstance(size, list) else first
            made.extend(_channels_first(node, first or 4))
        else:
            made.append(node)
        if first is not None and node.op_type not in RESHAPED:
            ranks.update({name: first for name in node.output[:1] if name not in ranks})
    made = [onnx.NodeProto.FromString(node.SerializeToString()) for node in made]
    del graph.node[:]
    graph.node.extend(made)


def _ranks(graph: onnx.GraphProto) -> dict[str, int]:
    """Numbers of axes, where they are stated."""
    stated = [*graph.input, *graph.value_info]
    return {
        each.name: len(each.type.tensor_type.shape.dim)
        for each in stated
        if each.type.tensor_type.HasField("shape")
    }


def _channels_first(node: onnx.NodeProto, rank: int) -> list[onnx.NodeProto]:
    """A layer of ONNX, between Transposes of what it reads and makes."""
    if rank < 3:
        node.domain = ""
        return [node]
    ahead, behind = [0, rank - 1, *range(1, rank - 1)], [0, *range(2, rank), 1]
    nodes, output = [], node.output[0]
    for index in range(min(_LAST_KINDS[node.op_type], len(node.input))):
        name = f"{output}/channels_first_{index}"
        nodes.append(helper.make_node("Transpose", [node.input[index]], [name], perm=ahead))
        node.input[index] = name
    node.domain, node.output[0] = "", f"{output}/channels_first"
    last = helper.make_node("Transpose", [node.output[0]], [output], perm=behind)
    return [*nodes, node, last]
