"""Copies of maps: what a pass copies into the banks that its array reads, and when."""

from collections.abc import Sequence

import numpy as np

from .array import Array
from .maps import Maps
from .passes import Pass
from .tiles import PassTiles

__all__ = ["banked_places", "copy_fields", "rows_ahead"]


def banked_places(passes: Sequence[Pass], array: Array) -> int:
    """Places of each bank: a power of two that holds the largest map.

    Two maps that are added take halves, and are copied band by band where they are larger; not so
    ahead of the last pass, whose descriptor says where the map is that leaves.
    """
    needed = 1
    for each in passes:
        tiled = PassTiles(each, array)
        banded = each.elementwise and each is not passes[-1]
        lines = 1 if banded else tiled.lines
        needed = max(needed, len(each.sources) * lines * tiled.line_places)
    return 1 << (needed - 1).bit_length()


def rows_ahead(each: PassTiles, gap: int) -> int:
    """Rows of each map that are copied ahead of the first tile of a pass.

    The others are copied in the cycles in which nothing is written, each before a row of output
    pixels begins that needs it.

    Parameters
    ----------
    each : PassTiles
    gap : int
        Least cycles between the results of two groups.
    """
    (first, *_), work = each.lengths, each.work
    cycles = each.row_steps * sum(max(length, gap) for length in each.lengths)
    if not work.whole and work.thresholds is not None:
        cycles -= work.shape[1] * each.array.pitch(work.shape[2])
    free = cycles * np.arange(each.rows) - (max(first, gap) - first)
    missing = each.lines_by_row - np.maximum(free, 0) // each.line_words
    return int(min(each.lines, missing.max()))


def copy_fields(each: PassTiles, maps: Maps, gap: int) -> dict[str, int]:
    """Fields of a descriptor by which maps are copied, and by which they are written row by row."""
    work, array, (_, width, channels) = each.work, each.array, each.work.window.shape
    line, pitch = width * array.pitch(channels), array.pitch(work.shape[2])
    bases = [maps.bases[name] + work.lines_before * line for name in work.sources]
    last = work.shape[1] - (each.row_steps - 1) * each.pixels
    return {
        "map": bases[0],
        "other": bases[-1],
        "two": len(bases) - 1,
        "line": line - 1,
        "lines": each.lines - 1,
        "ahead": rows_ahead(each, gap) - 1,
        "words": each.pixels * pitch,
        "last_words": last * pitch,
    }
