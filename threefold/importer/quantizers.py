"""Quantizers of activations: nodes that make codes."""

import numpy as np
import onnx

from ..errors import NetworkError
from ..network import INPUT, Codes
from .builder import Builder
from .edge import ALIKE, Edge
from .flat import after
from .grid import Grid
from .nodes import attributes, describe
from .pools import pooled, settled_pools
from .source import Source

__all__ = [
    "grid",
    "most_bits",
    "number",
    "quantize",
    "quantized",
    "reads",
    "require_bits",
    "scale_of",
]

_MAX_BITS = 8
_TYPES = {"signed": int, "narrow": int, "out_scale": float, "out_bias": float}
_INPUTS = {1: "scale", 2: "zero point", 3: "bit width"}
_FARTHEST = 1 << 16  # of a zero point


def quantize(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """Codes of the network for a quantizer of activations.

    The thresholds are searched with the source's own executor, so that scales, rounding and ties
    are those of the source.

    Raises
    ------
    NetworkError
        If the quantizer gives more than 8 bits (behind the input 16), or a scale for each channel.
    """
    read, to = reads(builder, node, edge), grid(node, builder.source, most_bits(edge))
    if node.op_type == "Trunc" and len(node.input) == 5:
        to = _unclipped(builder, node, read, to)
    return quantized(builder, node, read, to)


def reads(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """What a quantizer makes codes of, the quantizer itself the last of its steps."""
    read = after(builder, node, edge)
    if read.pools and read.sums is None:
        read = settled_pools(builder, edge, node).after(node)
    return read


def quantized(builder: Builder, node: onnx.NodeProto, read: Edge, to: Grid) -> Edge:
    """Codes of a grid, which a quantizer makes of what it reads.

    Raises
    ------
    NetworkError
        If no small FPGA holds its thresholds, or a maximum ahead of it cannot be one of codes.
    """

    def reference(values: np.ndarray) -> np.ndarray:
        return to.codes_of(read.results(builder.source, values))

    builder.quantized[node.output[0]] = read, to
    name = builder.threshold(read, reference, to.codes, node)
    full = np.ones(read.channels)
    made = Edge(
        node=name,
        type=builder.types[name],
        scale=full * to.scale,
        shift=full * to.shift,
        layout=read.layout,
        order=read.order,
    )
    return pooled(builder, made, read, node)


def most_bits(edge: Edge) -> int:
    """Bits that a quantizer may give: 16 of codes of the input, 8 else."""
    return Codes.MAX_BITS if edge.node == INPUT and edge.sums is None else _MAX_BITS


def grid(node: onnx.NodeProto, source: Source, most: int = _MAX_BITS) -> Grid:
    """Grid of a quantizer.

    Parameters
    ----------
    node : onnx.NodeProto
    source : Source
    most : int
        Bits that it may have.

    Raises
    ------
    NetworkError
        If that is more than ``most`` bits, differs between channels, or follows from the input.
    """
    given = attributes(node)
    for name, kind in _TYPES.items():
        if not isinstance(given.get(name, kind()), kind):
            raise NetworkError(f"{describe(node)}: {name} is not of type {kind.__name__}")
    if node.op_type == "MultiThreshold":
        return _counted(node, source, given, most)
    scale = scale_of(node, source)
    numbers = [number(node, source, index) for index in range(1, len(node.input))]
    if node.op_type == "BipolarQuant":
        return Grid(Codes.bipolar(), scale)
    if node.op_type == "Trunc":
        return _truncated(node, numbers, given)
    zero, bits = numbers[1], numbers[2]
    require_bits(node, bits, most)
    if zero != np.rint(zero) or abs(zero) > _FARTHEST:
        raise NetworkError(
            f"{describe(node)}: a zero point is whole and within ±{_FARTHEST}, not {zero:g}"
        )
    if bits == 1 and given.get("signed", 1):
        return Grid(Codes.bipolar(), scale, -zero * scale)
    lo, hi = _range(int(bits), given.get("signed", 1), given.get("narrow", 0))
    if lo == hi:
        raise NetworkError(f"{describe(node)} gives a single number; it needs more bits")
    return Grid(Codes(hi - lo, offset=lo - int(zero)), scale)


def _counted(node: onnx.NodeProto, source: Source, given: dict, most: int) -> Grid:
    thresholds = source.constant(node.input[1])
    if thresholds is None:
        raise NetworkError(f"{describe(node)}: thresholds that follow from the input are not known")
    scale, shift = given.get("out_scale", 1.0), given.get("out_bias", 0.0)
    if not 0 < scale < np.inf:
        raise NetworkError(f"{describe(node)}: out_scale must be positive, not {scale}")
    if thresholds.ndim != 2:
        raise NetworkError(
            f"{describe(node)}: thresholds have shape {thresholds.shape}, "
            f"not (channels, thresholds)"
        )
    require_bits(node, thresholds.shape[1].bit_length(), most)
    steps = 2 * shift / scale
    if not abs(steps) < 2 * _FARTHEST:
        raise NetworkError(
            f"{describe(node)}: out_bias must be within ±{_FARTHEST} times out_scale, not {shift}"
        )
    if thresholds.shape[1] == 1 and steps == -1:  # ±scale/2, as after BipolarQuant
        return Grid(Codes.bipolar(), scale / 2)
    offset = np.rint(shift / scale)
    if abs(shift / scale - offset) <= ALIKE * max(1, abs(offset)):  # both are rounded
        return Grid(Codes(thresholds.shape[1], offset=int(offset)), scale)
    return Grid(Codes(thresholds.shape[1]), scale, shift)


def _truncated(node: onnx.NodeProto, numbers: list[float], given: dict) -> Grid:
    scale, zero, _, *rest = numbers
    if zero:
        raise NetworkError(f"{describe(node)}: a zero point other than 0 is not supported")
    bits = rest[-1]
    if len(rest) == 2:
        scale = rest[0]
        if not 0 < scale < np.inf:
            raise NetworkError(
                f"{describe(node)}: a scale must be positive and finite, not {scale}"
            )
    require_bits(node, bits)
    lo, hi = _range(int(bits), given.get("signed", 1), given.get("narrow", 0))
    return Grid(Codes(hi - lo, offset=lo), scale)


def _unclipped(builder: Builder, node: onnx.NodeProto, read: Edge, to: Grid) -> Grid:
    """The grid of a Trunc of the first version, which keeps its scale and clips nothing."""
    reached = read.results(builder.source, np.stack(read.bounds())).astype(np.float64)
    lo, hi = np.rint(reached.min() / to.scale), np.rint(reached.max() / to.scale)
    require_bits(node, float(max(1, int(hi - lo).bit_length())))
    return Grid(Codes(max(1, int(hi - lo)), offset=int(lo)), to.scale)


def _range(bits: int, signed: int, narrow: int) -> tuple[int, int]:
    if signed:
        return -(2 ** (bits - 1)) + bool(narrow), 2 ** (bits - 1) - 1
    return 0, 2**bits - 1 - bool(narrow)


def require_bits(node: onnx.NodeProto, bits: float, most: int = _MAX_BITS) -> None:
    """Refuse what has more than ``most`` bits, or half of one."""
    if not 1 <= bits <= most or bits != int(bits):
        what = "activations" if most == _MAX_BITS else "codes of the input"
        raise NetworkError(
            f"{describe(node)} gives {bits:g} bits; {what} have 1 to {most} whole bits"
        )


def scale_of(node: onnx.NodeProto, source: Source) -> float:
    """The scale of a quantizer, its input 1, which is the same for all channels.

    Raises
    ------
    NetworkError
        If it differs between channels, is not positive and finite, or follows from the input.
    """
    scale = number(node, source, 1)
    if not 0 < scale < np.inf:
        raise NetworkError(f"{describe(node)}: a scale must be positive and finite, not {scale}")
    return scale


def number(node: onnx.NodeProto, source: Source, index: int) -> float:
    """The number that an input of a node is, the same for all channels.

    Raises
    ------
    NetworkError
        If it differs between channels, or follows from the input of the graph.
    """
    value = source.constant(node.input[index])
    if value is None:
        raise NetworkError(f"{describe(node)}: input {index} follows from the input of the graph")
    if len(np.unique(value)) != 1:
        what = _INPUTS.get(index, "number")
        if not value.size:
            raise NetworkError(f"{describe(node)} has an empty {what}; export it again")
        raise NetworkError(
            f"{describe(node)} has a {what} for each channel; layers add the channels up, so that "
            f"activations need one {what}"
        )
    return float(value.flat[0])
