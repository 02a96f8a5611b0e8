"""Works: passes as an array takes them, by groups of filters or bands of rows."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..window import Window
from .array import Array
from .limits import room
from .passes import Pass
from .tiles import PassTiles

__all__ = ["works_of"]


def works_of(passes: Sequence[Pass], array: Array, banked: int) -> list[Pass]:
    """The passes as an array takes them, one after the other.

    Those that add up all pixels, and all with weights that come while the array works, are one for
    each group of filters. Those whose array copies what it reads are one for each band of rows that
    its banks hold.

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
            # The map that leaves is read from where the last of its passes begins to write.
            starts = starts[::-1]
        apart = each.whole or (array.feed and each.weights is not None)
        works += [_group(each, n, array) for n in starts] if apart else bands
    return works


def _group(each: Pass, first: int, array: Array) -> Pass:
    """The pass of a group of filters; of one that adds up all pixels, some columns a step."""
    own = slice(first, first + array.pe)
    assert each.weights is not None
    window, weights, shape = each.window, each.weights[:, own], each.window.shape
    if each.whole:
        columns = array.pixels
        window = Window(shape, (1, columns), (1, columns), (0, 0, 0, -shape[1] % columns))
        weights = np.repeat(weights, columns, axis=3)
    return replace(
        each,
        window=window,
        weights=weights,
        thresholds=_rows(each.thresholds, own),
        sum_thresholds=_rows(each.sum_thresholds, own),
        offsets=_rows(each.offsets, own),
        surplus=each.surplus[own],
        first=each.first + first,
        map_channels=each.shape[2],
    )


def _rows(array: np.ndarray | None, own: slice) -> np.ndarray | None:
    return array if array is None or len(array) == 1 else array[own]


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
    bands = [_band(each, n, min(count, rows - n)) for n in range(0, rows, count)]
    most = max(PassTiles(band, array).lines for band in bands)
    room({"banked": banked}, "banked", most * places)
    return bands if len(bands) > 1 else [each]


def _band(each: Pass, first: int, count: int) -> Pass:
    """The pass of some rows of output pixels."""
    (height, width, channels), (top, left, _, right) = each.window.shape, each.window.padding
    stride, kernel = each.window.stride[0], each.window.kernel[0]
    start, end = first * stride - top, (first + count - 1) * stride - top + kernel
    lines = slice(max(0, start), min(height, end))
    shape = (lines.stop - lines.start, width, channels)
    padding = (lines.start - start, left, end - lines.stop, right)
    return replace(
        each,
        window=replace(each.window, shape=shape, padding=padding),
        rows_before=first,
        lines_before=lines.start,
    )
