"""Copies of maps: what a pass copies into the banks that its array reads, and when."""

from collections.abc import Sequence

import numpy as np

from .array import Array
from .limits import room
from .maps import Maps
from .passes import Pass
from .tiles import PassTiles

__all__ = ["banked_places", "copy_fields", "rows_ahead", "works_of"]


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


def works_of(passes: Sequence[Pass], array: Array, banked: int) -> list[Pass]:
    """The passes as an array takes them: groups of filters, or bands of rows, one by one.

    Parameters
    ----------
    passes : sequence of Pass
    array : Array
    banked : int
        Places of each bank that the array reads.

    Raises
    ------
    PlanError
        If passes copy what they read, and the banks do not hold it.
    """
    works: list[Pass] = []
    for each in passes:
        bands = [each]
        if array.copies:
            bands = _bands(each, array, banked, whole=each.whole or each is passes[-1])
        starts = range(0, each.shape[2], array.pe)
        if each is passes[-1] and each.thresholds is not None:
            # A loadable array reads the map that leaves from where its last pass begins to write.
            starts = starts[::-1]
        works += [each.part(n, array.pe, array.pixels) for n in starts] if each.whole else bands
    return works


def _bands(each: Pass, array: Array, banked: int, *, whole: bool) -> list[Pass]:
    """Bands of a pass, of as many rows of output pixels as the banks hold what they read.

    Parameters
    ----------
    each : Pass
    array : Array
    banked : int
        Places of each bank.
    whole : bool
        Whether it has to be a single one.

    Raises
    ------
    PlanError
        If the banks do not hold what a band reads.
    """
    tiled, (rows, _), window = PassTiles(each, array), each.window.out, each.window
    places = len(each.sources) * tiled.line_places
    lines, count = banked // places, rows
    if tiled.lines > lines and not whole:
        count = max(1, (lines - window.kernel[0]) // window.stride[0] + 1)
    bands = [each.band(n, min(count, rows - n)) for n in range(0, rows, count)]
    most = max(PassTiles(band, array).lines for band in bands)
    room({"banked": banked}, "banked", most * places)
    return bands if len(bands) > 1 else [each]


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
