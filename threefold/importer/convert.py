"""A graph of real numbers as a network of integers."""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import onnx

from ..errors import NetworkError
from ..network import INPUT, Codes, Network, Tensor
from .builder import Builder
from .edge import Edge
from .ending import class_index, logits
from .input import Input
from .joins import add, concat
from .layers import convolution, gemm, product
from .pools import average_pool, global_average_pool, max_pool, mean
from .quantizers import QUANTIZERS, grid, quantize
from .shapes import reshape, transpose
from .source import Source, attributes, describe

__all__ = ["Converted", "convert"]

_STEPS = (
    "Add", "BatchNormalization", "Clip", "Div", "Elu", "HardSigmoid", "HardTanh", "LeakyRelu",
    "Mul", "Relu", "Selu", "Sigmoid", "Softplus", "Softsign", "Sub", "Tanh",
)  # fmt: skip
_SAME = ("Cast", "Dropout", "Identity")
_LAST = ("LogSoftmax", "Softmax")
_ONE = {
    "Conv": convolution,
    "MatMul": product,
    "Gemm": gemm,
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "GlobalAveragePool": global_average_pool,
    "ReduceMean": mean,
    "Reshape": reshape,
    "Flatten": reshape,
    "Squeeze": reshape,
    "Unsqueeze": reshape,
    "Transpose": transpose,
    **dict.fromkeys(QUANTIZERS, quantize),
}
_SEVERAL = {"Add": add, "Concat": concat}


@dataclass(frozen=True, eq=False)
class Converted:
    """What came of a graph.

    Parameters
    ----------
    network : Network
    input : Input
    edges : dict of str to Edge
        By tensors of the source, those that are codes or logits of the network.
    notes : list of str
        What a user should know.
    """

    network: Network
    input: Input
    edges: dict[str, Edge]
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
        Of the network.
    input : Input, optional
        What the codes of the network's input mean. If left out, those of the quantizer that
        reads the input, or pixels 0…255 for 0…1.
    argmax : bool
        End a classifier in the class.

    Raises
    ------
    NetworkError
        If a node, attribute or pattern is not supported; the message names the node.
    """
    start, quantizer, input = _start(source, input)
    builder = Builder(source, start.type)
    edges = {source.input: start}
    notes: list[str] = []
    for node in source.nodes:
        read = [edges[each] for each in source.reads(node)]
        index = 1 if node.op_type == "TopK" else 0  # the values come first
        edges[node.output[index]] = (
            start if node is quantizer else _edge(builder, node, read, notes)
        )
    if source.output not in edges:
        raise NetworkError(f"the output {source.output!r} is not what the last node computes")
    end = _end(builder, edges[source.output], source.nodes[-1], argmax)
    network = Network(name, start.type, builder.nodes)
    known = {key: edge for key, edge in edges.items() if edge.plain}
    return Converted(network, input, {**known, source.output: end}, notes)


def _edge(builder: Builder, node: onnx.NodeProto, read: list[Edge], notes: list[str]) -> Edge:
    kind = node.op_type
    if len(read) == 1:
        (edge,) = read
        if kind in _ONE:
            return _ONE[kind](builder, node, edge)
        if kind in _SAME:
            return edge
        if kind in _LAST and node.output[0] == builder.source.output:
            notes.append(f"{describe(node)} is left to the host: it does not change the class")
            return edge
        if kind in ("ArgMax", "TopK"):
            return _class(builder, node, edge)
        if kind == "Pad":
            return _padded(builder, node, edge)
        if kind in _STEPS and not (
            kind == "Div" and builder.source.constant(node.input[0]) is not None
        ):
            return edge.after(node)
    elif kind in _SEVERAL and len(node.output) == 1:
        return _SEVERAL[kind](builder, node, *read)
    raise NetworkError(
        f"{describe(node)} is not supported{' with two inputs' if len(read) > 1 else ''}; export "
        f"the network without it"
    )


def _start(source: Source, input: Input | None) -> tuple[Edge, onnx.NodeProto | None, Input]:
    """The edge of the input, what its codes mean, and the quantizer that they come from.

    Where nothing is said of the input and all that reads it is one quantizer, the network reads
    the codes of that.
    """
    shape = source.shape(source.input)
    readers = source.consumers(source.input)
    quantizer = None
    if input is None and len(readers) == 1 and readers[0].op_type in QUANTIZERS:
        (quantizer,) = readers
        found = grid(quantizer, source)
        input = Input(Fraction(found.scale), found.codes)
    input = input or Input()
    last = len(shape) > 2 and any(
        node.op_type == "Transpose" and attributes(node).get("perm", ())[:2] == [0, len(shape) - 1]
        for node in readers
    )
    if len(shape) == 2:
        layout, size = "NF", (1, 1, shape[1])
    elif len(shape) == 3:
        layout, size = ("NWC", (1, *shape[1:])) if last else ("NCW", (1, shape[2], shape[1]))
    elif len(shape) == 4:
        layout = "NHWC" if last else "NCHW"
        size = shape[1:] if last else (*shape[2:], shape[1])
    else:
        raise NetworkError(f"the input has shape {shape}; vectors and maps are supported")
    order = np.arange(size[2]) if layout == "NF" else None
    full = np.ones(size[2])
    scale = full * (input.scale.numerator / input.scale.denominator)
    return Edge(INPUT, Tensor(size, input.codes), scale, 0 * full, layout, order), quantizer, input


def _end(builder: Builder, edge: Edge, node: onnx.NodeProto, argmax: bool) -> Edge:
    if edge.is_class:
        return edge
    edge = logits(builder, edge, node)
    is_vector = edge.type.shape[:2] == (1, 1) and edge.channels > 1
    if argmax and is_vector and not isinstance(edge.type.element, Codes):
        return class_index(builder, edge, node)
    return edge


def _class(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """The end of a classifier; only the largest is known."""
    source, given = builder.source, attributes(node)
    if node.op_type == "TopK":
        count = given.get("k") or int(source.constant(node.input[1]).item())
        if count != 1 or given.get("largest", 1) != 1:
            raise NetworkError(f"{describe(node)} gives {count} classes; only the largest is known")
    if given.get("axis", -1 if node.op_type == "TopK" else 0) not in (1, -1):
        raise NetworkError(f"{describe(node)} must look along the classes, axis 1")
    return class_index(builder, logits(builder, edge, node), node)


def _padded(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """Rows and columns of 0 for the next convolution."""
    given, source = attributes(node), builder.source
    pads = given.get("pads")
    pads = source.constant(node.input[1]) if pads is None else pads
    value = given.get("value", 0.0)
    if len(node.input) > 2 and node.input[2]:
        value = source.constant(node.input[2])
    count = len(edge.layout)
    if pads is None or len(pads) != 2 * count or given.get("mode", "constant") != "constant":
        raise NetworkError(f"{describe(node)}: only padding with a constant 0 is supported")
    by_axis = {axis: (int(pads[i]), int(pads[i + count])) for i, axis in enumerate(edge.layout)}
    if np.any(value) or min(map(min, by_axis.values())) < 0 or any(by_axis["N"] + by_axis["C"]):
        raise NetworkError(f"{describe(node)}: only rows and columns of 0 can be added to a map")
    top, bottom = by_axis.get("H", (0, 0))
    left, right = by_axis["W"]
    more = np.add(edge.padding, (top, left, bottom, right))
    return replace(edge, padding=tuple(int(n) for n in more))
