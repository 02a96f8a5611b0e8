"""Zeros among codes, which a layer that pads its input needs."""

import math
from dataclasses import replace

import numpy as np
import onnx

from ..errors import NetworkError
from ..network import Codes, MaxPool, Threshold
from .builder import Builder
from .edge import ALIKE, ROUNDING, Edge
from .nodes import describe

__all__ = ["with_zero"]

_USUAL_PARTS = 2  # of a step that an offset may be a multiple of: −½, ½ are what signs make
_MOST_PARTS = 256  # a mean of 123.675 steps takes 40


def with_zero(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """The same real numbers, by codes one of which means 0.

    An offset of whole or half steps goes into the meaning of the codes. Where a quantizer made
    them for ``node`` alone, no hardware is added. Others, such as means of channels, take codes of
    more bits, which count in parts of a step.

    Parameters
    ----------
    builder : Builder
    node : onnx.NodeProto
        That reads them.
    edge : Edge
        Codes, settled.

    Raises
    ------
    NetworkError
        If 0 is not on the grid, or too far from the other values.
    """
    old = edge.type.codes
    if not edge.shift.any() and old.zero_code is not None:
        return edge
    parts, moves = _moves(edge, node)
    lo = min(old.lo * parts + int(moves.min()), 0)
    hi = max(old.hi * parts + int(moves.max()), 0)
    step = math.gcd(old.step * parts, lo, *(old.lo * parts + moves - lo).tolist())
    if (hi - lo) // step >= 1 << Codes.MAX_BITS:
        raise NetworkError(
            f"{describe(node)}: padding with zeros needs a code that means 0, and from 0 to the "
            f"codes it reads are {(hi - lo) // step:,} steps; use a smaller offset"
        )
    new = Codes((hi - lo) // step, step, lo)
    if parts > _USUAL_PARTS:
        builder.notes.append(
            f"{describe(node)} pads with zeros what is moved by no whole or half steps: the codes "
            f"ahead of it count in steps of 1/{parts} and have {new.bits} bits"
        )
    made = replace(edge, scale=edge.scale / parts, shift=0 * edge.shift)
    if new.max_code == old.max_code and _retyped(builder, node, edge, new):
        return replace(made, type=builder.types[edge.node])

    def reference(values: np.ndarray) -> np.ndarray:
        return (values * parts + moves - lo) // step

    name = builder.threshold(edge, reference, new, node)
    return replace(made, node=name, type=builder.types[name])


def _moves(edge: Edge, node: onnx.NodeProto) -> tuple[int, np.ndarray]:
    """Parts of a step, and how many of them the values of each channel are moved by."""
    far = edge.shift / edge.scale
    largest = max(abs(edge.type.codes.lo), abs(edge.type.codes.hi), float(np.abs(far).max()))
    for parts in range(1, _MOST_PARTS + 1):
        moves = np.rint(far * parts)
        error = ALIKE if parts <= _USUAL_PARTS else 4 * ROUNDING
        if (np.abs(far * parts - moves) <= error * parts * max(1.0, largest)).all():
            return parts, moves.astype(np.int64)
    channel = int(np.abs(far * _USUAL_PARTS - np.rint(far * _USUAL_PARTS)).argmax())
    raise NetworkError(
        f"{describe(node)}: padding with zeros needs a code that means 0, and those of channel "
        f"{channel} are moved by {far[channel]:.6g} steps, no fraction of a denominator up to "
        f"{_MOST_PARTS}; use an offset of whole or half steps, or none"
    )


def _retyped(builder: Builder, node: onnx.NodeProto, edge: Edge, codes: Codes) -> bool:
    """Whether the codes got another meaning where they are made, which only ``node`` reads."""
    names, made = [edge.node], builder.node(edge.node)
    while made is not None and isinstance(made.op, MaxPool):
        names.append(made.inputs[0])
        made = builder.node(made.inputs[0])
    if made is None or not isinstance(made.op, Threshold) or not _only_reader(builder, node):
        return False
    if sum(name in each.inputs for each in builder.nodes for name in names) >= len(names):
        return False
    op = replace(made.op, step=codes.step, offset=codes.offset)
    builder.nodes[builder.nodes.index(made)] = replace(made, op=op)
    for name in names:
        builder.types[name] = replace(builder.types[name], element=codes)
    return True


def _only_reader(builder: Builder, node: onnx.NodeProto) -> bool:
    """Whether nothing but ``node`` follows from the quantizer that it reads."""
    source, names = builder.source, builder.source.reads(node)
    while len(names) == 1 and len(source.consumers(names[0])) == 1 and names[0] != source.output:
        if names[0] in builder.quantized:
            return True
        made = source.producer(names[0])
        names = source.reads(made) if made is not None else []
    return False
