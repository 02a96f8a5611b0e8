"""How a network ends: integer logits, a class, or codes."""

from dataclasses import replace

import numpy as np
import onnx

from ..errors import NetworkError
from ..network import ArgMax, Logits, Threshold
from .builder import Builder
from .edge import Edge
from .source import describe

__all__ = ["class_index", "logits"]

_ALIKE = 1e-5
_FINEST = 1 << 12  # parts of a unit that biases are rounded to


def logits(builder: Builder, edge: Edge, node: onnx.NodeProto) -> Edge:
    """Integers that are in the order of the real numbers of the output.

    Codes stay what they are. Sums get the bias that the source adds after them: in whole units,
    or, where biases are none, in the 2ᵏ-th part of one that keeps the order of all classes, for
    which the codes that the layer reads count in steps of 2ᵏ.

    Raises
    ------
    NetworkError
        If classes have different scales.
    """
    if edge.sums is None:
        return builder.settled(edge, node)
    if edge.pools:
        raise NetworkError(f"{describe(node)}: a MaxPool of real numbers at the end; quantize them")
    lo, hi = edge.bounds()
    rows = np.stack([lo, (lo + hi) // 2, hi])
    rows[:, lo == hi] += np.arange(3)[:, None]
    results = edge.results(builder.source, rows).astype(np.float64)
    scale = (results[2] - results[0]) / (rows[2] - rows[0])
    shift = results[0] - scale * rows[0]
    if np.abs(results - scale * rows - shift).max() > _ALIKE * np.abs(results).max():
        raise NetworkError(
            f"{describe(node)}: the output bends the sums of the last layer; end in the sums, and "
            f"leave the function to the host"
        )
    if (np.abs(scale - scale[0]) > _ALIKE * abs(scale[0])).any() or scale[0] == 0:
        raise NetworkError(
            f"{describe(node)}: classes have different scales, from {scale.min():g} to "
            f"{scale.max():g}, and cannot be compared as integers; give the last layer one"
        )
    op = edge.sums
    if scale[0] < 0:
        op = replace(op, weights=-op.weights)
    scale = np.full_like(scale, np.median(np.abs(scale)))
    shift = (shift - shift.min()) / scale
    parts = _parts(shift)
    source = edge.node if parts == 1 else _finer(builder, edge, parts, node)
    sums = builder.add("fc" if edge.layout == "NF" else "conv", op, source, of=node)
    bias = np.rint(shift * parts).astype(np.int64)
    name = builder.add("logits", Logits(bias), sums, of=node)
    return replace(
        edge,
        node=name,
        type=builder.types[name],
        scale=scale / parts,
        shift=0 * scale,
        sums=None,
        steps=(),
    )


def class_index(builder: Builder, edge: Edge, node: onnx.NodeProto) -> Edge:
    """The class with the largest of the integers."""
    name = builder.add("argmax", ArgMax(), edge.node, of=node)
    one = np.ones(1)
    made = replace(edge, node=name, type=builder.types[name], scale=one, shift=0 * one)
    return replace(made, order=np.arange(1), is_class=True)


def _parts(shift: np.ndarray) -> int:
    """Parts of a unit in which biases keep the order of any sums."""
    fractions = np.sort(shift % 1.0)
    fractions = fractions[np.minimum(fractions, 1 - fractions) > _ALIKE]
    if not len(fractions):
        return 1
    gaps = np.diff([0.0, *fractions, 1.0])
    gaps = gaps[gaps > _ALIKE]
    return int(min(_FINEST, 2 ** np.ceil(np.log2(1 / gaps.min()))))


def _finer(builder: Builder, edge: Edge, parts: int, node: onnx.NodeProto) -> str:
    """The codes that the last layer reads, each ``parts`` times its value."""
    codes = edge.reads
    values = codes.offset + codes.step * np.arange(1, codes.max_code + 1)
    channels = builder.types[edge.node].shape[2]
    same = Threshold(np.tile(values, (channels, 1)), codes.step * parts, codes.offset * parts)
    return builder.add("act", same, edge.node, of=node)
