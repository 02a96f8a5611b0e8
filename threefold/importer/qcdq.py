"""Pairs of QuantizeLinear and DequantizeLinear, with Clips between (QCDQ): quantizers."""

from collections.abc import Sequence

import numpy as np
import onnx

from ..errors import NetworkError
from ..network import Codes
from .builder import Builder
from .edge import Edge
from .flat import after
from .grid import Grid
from .nodes import SAME, describe
from .quantizers import most_bits, number, quantized, reads, require_bits, scale_of
from .source import Source
from .step import Step

__all__ = ["dequantize", "input_grid", "integers"]


def integers(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """Integers of a QuantizeLinear, which a DequantizeLinear makes codes of.

    Raises
    ------
    NetworkError
        If scale or zero point differ between channels.
    """
    for index in range(1, len(node.input)):
        number(node, builder.source, index)
    return after(builder, node, edge)


def dequantize(builder: Builder, node: onnx.NodeProto, edge: Edge) -> Edge:
    """Codes of what a QuantizeLinear, and Clips, have ahead of a DequantizeLinear.

    Raises
    ------
    NetworkError
        If there is no QuantizeLinear, the integers have more than 8 bits (behind the input 16), or
        scale or zero point differ between channels.
    """
    to = _grid(node, edge.steps, builder.source, most_bits(edge))
    return quantized(builder, node, reads(builder, node, edge), to)


def input_grid(source: Source, reader: onnx.NodeProto) -> Grid | None:
    """Grid of a QuantizeLinear that reads the input; None if nothing dequantizes its integers."""
    steps = [reader]
    while len(readers := source.consumers(steps[-1].output[0])) == 1:
        (node,) = readers
        if node.op_type == "DequantizeLinear":
            clips = [each for each in steps if each.op_type not in SAME]
            made = [Step(node=each, layout="NF", channels=1) for each in clips]
            return _grid(node, made, source, Codes.MAX_BITS)
        if node.op_type not in ("Clip", *SAME):
            return None
        steps.append(node)
    return None


def _grid(node: onnx.NodeProto, steps: Sequence[Step], source: Source, most: int) -> Grid:
    """Grid of a DequantizeLinear, which ``steps`` are ahead of."""
    places = [i for i, step in enumerate(steps) if step.node.op_type == "QuantizeLinear"]
    if not places:
        raise NetworkError(
            f"{describe(node)} reads integers that no QuantizeLinear makes; export both"
        )
    first, *clips = steps[places[-1] :]
    kind = first.apply(source, np.zeros((1, first.channels), np.float32)).dtype
    if kind not in (np.int8, np.uint8, np.int16, np.uint16):
        raise NetworkError(f"{describe(first.node)} makes {kind}; int8 and uint8 are supported")
    limits = np.iinfo(kind)
    values = np.arange(limits.min, limits.max + 1).astype(kind)[:, None]
    values = np.repeat(values, first.channels, axis=1)
    for step in clips:
        values = step.apply(source, values)
    lo, hi = int(values.min()), int(values.max())
    if lo == hi:
        raise NetworkError(f"{describe(node)} gives a single number; clip less")
    require_bits(node, (hi - lo).bit_length(), most)
    zero = int(number(node, source, 2)) if len(node.input) > 2 and node.input[2] else 0
    return Grid(Codes(hi - lo, offset=lo - zero), scale_of(node, source))
