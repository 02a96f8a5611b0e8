"""Conversion of a graph of real numbers to a network of integers."""

from dataclasses import dataclass, replace

import numpy as np
import onnx

from ..errors import NetworkError
from ..network import Conv, Network, SumPool
from .builder import Builder
from .edge import NO_PADDING, Edge
from .ending import class_index, logits
from .flat import after
from .grid import Grid
from .input import Input
from .joins import add, concat
from .layers import convolution, gemm, product
from .nodes import (
    CLASS,
    COMPARISONS,
    LAST,
    QUANTIZERS,
    RESHAPED,
    SAME,
    STEPS,
    attributes,
    describe,
    guarded,
)
from .pools import average_pool, global_average_pool, max_pool, mean
from .qcdq import dequantize, integers
from .quantizers import quantize
from .shapes import reshape, transpose
from .signs import choice, comparison, inverse, sign
from .source import Source
from .start import begin

__all__ = ["Converted", "convert"]

_ONE = {
    "Conv": convolution,
    "MatMul": product,
    "Gemm": gemm,
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "GlobalAveragePool": global_average_pool,
    "ReduceMean": mean,
    **dict.fromkeys(RESHAPED, reshape),
    "Transpose": transpose,
    **dict.fromkeys(QUANTIZERS, quantize),
    **dict.fromkeys(COMPARISONS, comparison),
    "DequantizeLinear": dequantize,
    "Not": inverse,
    "QuantizeLinear": integers,
    "Sign": sign,
    "Where": choice,
}
_SEVERAL = {"Add": add, "Concat": concat}
_MOST_MACS = 1 << 33


@dataclass(frozen=True, eq=False)
class Converted:
    """Network converted from a graph, and how its tensors correspond.

    Parameters
    ----------
    network : Network
    input : Input
    edges : dict of str to Edge
        By tensors of the source, those that are codes or logits of the network.
    quantized : dict of str to (Edge, Grid)
        Input edge and grid of each tensor of codes that a quantizer made.
    output : str
        The tensor of the source that is compared with what the network gives: its output, or the
        logits that a Softmax, ArgMax or TopK at the end reads.
    notes : list of str
        What a user should know.
    """

    network: Network
    input: Input
    edges: dict[str, Edge]
    quantized: dict[str, tuple[Edge, Grid]]
    output: str
    notes: list[str]


def convert(
    source: Source,
    name: str,
    input: Input | None = None,
    *,
    argmax: bool = True,
) -> Converted:
    """The network that computes what ``source`` computes.

    Parameters
    ----------
    source : Source
    name : str
        Name of the network.
    input : Input, optional
        What the codes of the network's input mean; :func:`default_input` if left out.
    argmax : bool
        End a classifier in the class.

    Raises
    ------
    NetworkError
        If a node, attribute or pattern is not supported; the message names the node.
    """
    start, input, notes = begin(source, input)
    builder = Builder(name, start.type, source, notes)
    edges, host = _edges(builder, start)
    last = source.nodes[-1]
    if source.output not in edges:
        raise NetworkError(
            f"{describe(last)}: its output {source.output!r} is not supported; end in "
            f"{list(edges)[-1]!r}"
        )
    end = _end(builder, edges[source.output], last, argmax)
    if not builder.nodes:
        raise NetworkError(f"{describe(last)}: the network computes nothing; export its layers")
    network = builder.network()
    _require_feasible(network)
    known = {
        name: edge
        for name, edge in edges.items()
        if edge.plain and not edge.is_class and name not in host
    }
    output = _compared(source)
    known[output] = end
    return Converted(network, input, known, builder.quantized, output, builder.notes)


def _edges(builder: Builder, start: Edge) -> tuple[dict[str, Edge], set[str]]:
    """Edges by tensors of the source, and the names of those that are left to the host."""
    source = builder.source
    edges, host = {source.input: start}, set()
    for node in source.nodes:
        try:
            read = [edges[each] for each in source.reads(node)]
        except KeyError as error:
            raise NetworkError(
                f"{describe(node)} reads {error}, a further output of a node; only the first is "
                f"supported"
            ) from None
        _require_readable(node, read)
        with guarded(describe(node)):
            edge = _edge(builder, node, read)
        index = 1 if node.op_type == "TopK" else 0  # the values come first
        made = node.output[index]
        if node.op_type in LAST or host & set(node.input):
            host.add(made)
        edges[made] = edge if edge.changed else replace(edge, tensor=made, origin=None)
    return edges, host


def _require_feasible(network: Network) -> None:
    """Refuse what takes too long to compare."""
    shapes = {name: tensor.shape for name, tensor in network.types.items()}
    macs = sum(
        shapes[node.name][0] * shapes[node.name][1] * node.op.weights.size
        for node in network.nodes
        if isinstance(node.op, Conv)
    )
    if macs > _MOST_MACS:
        raise NetworkError(
            f"an image takes {macs:,} additions; networks for small FPGAs take at most "
            f"{_MOST_MACS:,}"
        )


def _require_readable(node: onnx.NodeProto, read: list[Edge]) -> None:
    """Refuse what only convolutions read, or nothing."""
    for edge in read:
        if edge.padding != NO_PADDING and node.op_type not in ("Conv", "Pad", "Transpose", *SAME):
            raise NetworkError(
                f"{describe(node)} reads a padded map; only convolutions read the zeros of a Pad"
            )
        if edge.is_class and node.op_type not in (*SAME, *RESHAPED):
            raise NetworkError(
                f"{describe(node)} reads the class; a network ends with it, leave the rest to the "
                f"host"
            )


def _compared(source: Source) -> str:
    """The tensor that the end of the network is compared with."""
    makers = {name: node for node in source.nodes for name in node.output}
    output = at = source.output
    while at in makers and makers[at].op_type in (*SAME, *RESHAPED, *LAST, *CLASS):
        node = makers[at]
        at = node.input[0]
        if node.op_type in (*LAST, *CLASS):
            output = at
    return output


def _edge(builder: Builder, node: onnx.NodeProto, read: list[Edge]) -> Edge:
    kind = node.op_type
    if len(read) == 1:
        (edge,) = read
        if kind in _ONE:
            return _ONE[kind](builder, node, edge)
        if kind in SAME:
            return _same(builder, node, edge)
        if kind in LAST and _ends(builder.source, node):
            return _left_to_host(builder, node, edge)
        if kind in CLASS:
            return _class(builder, node, edge)
        if kind == "Pad":
            return _padded(builder, node, edge)
        if kind in STEPS and not (
            kind == "Div" and builder.source.constant(node.input[0]) is not None
        ):
            _require_fixed(node)
            return after(builder, node, edge)
    elif kind in ("Conv", "Gemm", "MatMul"):
        raise NetworkError(
            f"{describe(node)} has weights that follow from the input of the graph; they must be "
            f"constant"
        )
    elif kind in _SEVERAL and len(read) == len(node.input):
        return _SEVERAL[kind](builder, node, *read)
    several = ""
    if len(read) > 1:
        more = len(node.input) > len(read)
        several = " with constants among its inputs" if more else " with two inputs"
    raise NetworkError(f"{describe(node)} is not supported{several}; export the network without it")


def _ends(source: Source, node: onnx.NodeProto) -> bool:
    """Whether nothing follows but what chooses a class or leaves numbers as they are."""
    readers = source.consumers(node.output[0])
    return all(
        reader.op_type in (*SAME, *RESHAPED, *CLASS) and _ends(source, reader) for reader in readers
    )


def _require_fixed(node: onnx.NodeProto) -> None:
    """Refuse what depends on other images, or falls and rises, which no thresholds express."""
    if attributes(node).get("training_mode", 0):
        raise NetworkError(f"{describe(node)} is in training mode; export in evaluation mode")
    slope = attributes(node).get("alpha", 0.0)
    if node.op_type in ("Elu", "LeakyRelu", "Selu") and not slope >= 0:
        raise NetworkError(
            f"{describe(node)}: alpha is {slope:g}, with which it falls and rises; use 0 or more"
        )


def _same(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """What changes no number."""
    to = attributes(node).get("to", onnx.TensorProto.FLOAT)
    if to != onnx.TensorProto.FLOAT and not edge.is_class:
        name = onnx.TensorProto.DataType.Name(to).lower()
        raise NetworkError(f"{describe(node)} makes {name} of numbers; export in float32")
    if node.op_type == "Dropout" and len(node.input) > 2:
        training = builder.source.constant(node.input[2])
        if training is None or training.any():
            raise NetworkError(f"{describe(node)} is in training mode; export in evaluation mode")
    return edge


def _left_to_host(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """A function at the end that leaves the order of the classes."""
    where = _classes_axis(edge)
    if attributes(node).get("axis", -1) not in (where, where - len(edge.layout)):
        raise NetworkError(f"{describe(node)} must look along the classes, axis {where}")
    builder.notes.append(f"{describe(node)} is left to the host: it does not change the class")
    return edge


def _end(builder: Builder, edge: Edge, node: onnx.NodeProto, argmax: bool) -> Edge:
    if edge.is_class:
        return edge
    means = any(each.name == edge.node and isinstance(each.op, SumPool) for each in builder.nodes)
    left_to_host = _compared(builder.source) != builder.source.output
    classifies = edge.sums is not None or means or left_to_host
    is_vector = edge.type.shape[:2] == (1, 1) and edge.channels > 1
    if argmax and is_vector and classifies:
        return class_index(builder, logits(builder, edge, node, ranked=True), node)
    return logits(builder, edge, node)


def _class(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """The end of a classifier; only the largest is known."""
    source, given = builder.source, attributes(node)
    if node.op_type == "TopK":
        count = given.get("k") or int(source.number(node.input[1]))
        if count != 1 or given.get("largest", 1) != 1:
            raise NetworkError(
                f"{describe(node)} gives {count} classes; set k to 1, for the largest"
            )
    where = _classes_axis(edge)
    axis = given.get("axis", -1 if node.op_type == "TopK" else 0)
    if axis not in (where, where - len(edge.layout)) or edge.type.shape[:2] != (1, 1):
        raise NetworkError(f"{describe(node)} must look along the classes of a vector, axis 1")
    if given.get("select_last_index", 0):
        raise NetworkError(
            f"{describe(node)} gives the last of equal classes (select_last_index); only the first "
            f"is supported"
        )
    return class_index(builder, logits(builder, edge, node, ranked=True), node)


def _classes_axis(edge: Edge) -> int:
    return edge.layout.index("F" if edge.layout == "NF" else "C")


def _padded(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """Rows and columns of 0 for the next convolution."""
    given, source = attributes(node), builder.source
    pads = given.get("pads")
    pads = source.constant(node.input[1]) if pads is None else pads
    value = given.get("value", 0.0)
    if len(node.input) > 2 and node.input[2]:
        value = source.constant(node.input[2])
    axes = np.arange(len(edge.layout))
    if len(node.input) > 3 and node.input[3]:
        axes = source.constant(node.input[3])
    if (
        pads is None
        or value is None
        or axes is None
        or len(pads) != 2 * len(axes)
        or given.get("mode", "constant") != "constant"
    ):
        raise NetworkError(f"{describe(node)}: only padding with a constant 0 is supported")
    by_axis = dict.fromkeys(edge.layout, (0, 0)) | {
        edge.layout[axis]: (int(pads[i]), int(pads[i + len(axes)])) for i, axis in enumerate(axes)
    }
    sides = [*by_axis["N"], *by_axis.get("C", ()), *by_axis.get("F", ())]
    if np.any(value) or min(map(min, by_axis.values())) < 0 or any(sides):
        raise NetworkError(f"{describe(node)}: only rows and columns of 0 can be added to a map")
    (top, bottom), (left, right) = by_axis.get("H", (0, 0)), by_axis.get("W", (0, 0))
    more = map(int, np.add(edge.padding, (top, left, bottom, right)))
    return replace(edge, padding=tuple(more))
