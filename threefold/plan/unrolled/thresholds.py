"""Thresholds of a row of constants: as a line where a shift gives the code, else to be searched."""

from typing import NamedTuple

import numpy as np

__all__ = ["Line", "line_of", "threshold_latency"]

LINE_LATENCY = 2
"""Cycles of a code on a line: a constant is added, then the code is clipped."""


class Line(NamedTuple):
    """Thresholds a power of two apart: code = (value + offset) >> shift, clipped.

    Attributes
    ----------
    offset : int
    shift : int
    """

    offset: int
    shift: int


def line_of(thresholds: np.ndarray, largest: int) -> Line | None:
    """The line of a row's thresholds; None if they are on none, or codes leave out the largest.

    Parameters
    ----------
    thresholds : array of int, shape (largest code,)
        Ascending, within 0…largest + 1.
    largest : int
        Largest value that is compared with them.
    """
    codes = len(thresholds) + 1
    if codes & (codes - 1):
        return None
    reached = np.flatnonzero((thresholds > 0) & (thresholds <= largest))
    shift = int(largest + 1).bit_length()
    if len(reached) > 1:
        distance = int(thresholds[reached[1]] - thresholds[reached[0]])
        if distance < 1 or distance & (distance - 1):
            return None
        shift = distance.bit_length() - 1
    if len(reached):
        first = int(thresholds[reached[0]]) - (int(reached[0]) << shift)
    else:
        first = largest + 1 - (int((thresholds == 0).sum()) << shift)
    points = first + (np.arange(codes - 1) << shift)
    if (np.clip(points, 0, largest + 1) != thresholds).any():
        return None
    return Line((1 << shift) - first, shift)


def threshold_latency(bits: int, *, lines: bool) -> int:
    """Cycles from products to codes.

    Parameters
    ----------
    bits : int
        Width of a code.
    lines : bool
        Whether the thresholds of all rows are lines.
    """
    return LINE_LATENCY if lines else max(LINE_LATENCY, bits)
