"""Ranks of what classes can reach, where no integers are in proportion to all of them."""

from dataclasses import replace

import numpy as np
import onnx

from ..errors import NetworkError
from ..network import Codes
from .builder import Builder
from .edge import Edge
from .nodes import describe

__all__ = ["ranks"]

_MOST_VALUES = 1 << 20  # of all classes together


def ranks(builder: Builder, edge: Edge, node: onnx.NodeProto) -> Edge:
    """Codes of the classes that are in the order of the real numbers of the source.

    Each class has thresholds of its own. Numbers of one class that those of no other separate
    share a code.

    Parameters
    ----------
    builder : Builder
    edge : Edge
        What classes are chosen by: sums or codes, and steps, a real number for each class.
    node : onnx.NodeProto
        The last of the source.

    Raises
    ------
    NetworkError
        If that takes more than 16 bits.
    """
    lo, hi = edge.bounds()
    counts = (hi - lo) // edge.distance + 1
    levels = np.zeros(0)
    if (total := int(counts.sum())) <= _MOST_VALUES:
        rows = np.minimum(lo + edge.distance * np.arange(counts.max())[:, None], hi)
        levels = _levels(edge.results(builder.source, rows))
    if not 0 < len(levels) <= 1 << Codes.MAX_BITS:
        raise NetworkError(
            f"{describe(node)}: classes have different scales, and {len(levels) or total:,} "
            f"numbers to be put into one order, more than {1 << Codes.MAX_BITS:,}; give the last "
            f"layer one scale"
        )
    builder.notes.append(
        f"classes have different scales: they are compared by their place among {len(levels):,} "
        f"numbers; one scale for the last layer saves these thresholds"
    )

    def reference(values: np.ndarray) -> np.ndarray:
        real = edge.results(builder.source, values)
        return np.searchsorted(levels, real, side="right") - 1

    name = builder.threshold(edge, reference, Codes(max(1, len(levels) - 1)), node)
    full = np.ones(edge.channels)
    return replace(
        edge,
        node=name,
        type=builder.types[name],
        sums=None,
        scale=full,
        shift=0 * full,
        steps=(),
        fitted=False,
    )


def _levels(real: np.ndarray) -> np.ndarray:
    """The least number of each rank, of numbers (rows, classes)."""
    numbers, places = np.unique(real, return_inverse=True)
    classes = np.broadcast_to(np.arange(real.shape[1]), real.shape).ravel()
    first, last = np.full(len(numbers), real.shape[1]), np.full(len(numbers), -1)
    np.minimum.at(first, places.ravel(), classes)
    np.maximum.at(last, places.ravel(), classes)
    alone = first == last
    same = alone[1:] & alone[:-1] & (first[1:] == first[:-1])
    return numbers[np.concatenate([[True], ~same])]
