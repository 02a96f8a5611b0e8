"""Arrays for layers whose weights come from a memory outside: sizes by estimates of their cycles.

A program of millions of weights takes seconds to make. So all sizes are estimated first, pass by
pass and group by group of filters, and only the best are made.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from ...errors import PlanError
from ...fpga import Device
from ..sequential import Array, Feed, Pass, densest, row_words
from ..sequential.joined import joined
from ..units import Decisions
from ..units.pe_cells import pe_resources
from ..units.unit import decided

__all__ = ["ArraySize", "TileCounts", "array_sizes"]

_MOST_PIXELS = 8
_MOST_LANES = 16  # of searches among thresholds; with more, these take more than they save
_ACCUMULATOR_BITS = 16
_PASS_CYCLES = 40  # of a group of filters, beside its tiles: its descriptor, copies, its last codes


@dataclass(frozen=True)
class ArraySize:
    """Size of an array, and what is expected of it.

    Attributes
    ----------
    pe, simd, pixels, lanes, weights_per_byte : int
    cycles : float
        Of an image.
    cells : float
        Logic cells of its processing elements.
    """

    pe: int
    simd: int
    pixels: int
    lanes: int
    weights_per_byte: int
    cycles: float
    cells: float

    @property
    def decisions(self) -> Decisions:
        """The size as decisions about a unit."""
        sizes = {"pe": self.pe, "simd": self.simd, "pixels": self.pixels}
        return sizes | {"lanes": self.lanes, "weights_per_byte": self.weights_per_byte}

    @property
    def octave(self) -> int:
        """Sizes with half or twice as many logic cells have another one."""
        return int(self.cells).bit_length()


class TileCounts:
    """Tiles with a weight of each group of filters, by sizes of arrays.

    Those of larger arrays are found from those of smaller ones, and kept by name of the pass, so
    that runs of the same layers share them.
    """

    def __init__(self) -> None:
        self._there: dict[tuple[str, int, int], np.ndarray] = {}
        self._counts: dict[tuple[str, int, int], np.ndarray] = {}

    def of(self, work: Pass, pe: int, simd: int) -> np.ndarray:
        """Tiles of each group of filters, those of all digits: int64, shape (groups,)."""
        key = work.name, pe, simd
        if key not in self._counts:
            assert work.weights is not None
            digits = int(np.abs(work.weights).max(initial=1)).bit_length()
            counts = self._tiles(work, pe, simd).sum((0, 2, 3, 4), dtype=np.int64)
            self._counts[key] = np.maximum(1, digits * counts)
        return self._counts[key]

    def _tiles(self, work: Pass, pe: int, simd: int) -> np.ndarray:
        """Whether a tile has a weight: (sources, groups, kernel height, kernel width, words)."""
        key = work.name, pe, simd
        if key not in self._there:
            assert work.weights is not None
            if simd > 1 and simd % 2 == 0:
                made = _joined(self._tiles(work, pe, simd // 2), 4, 2)
            elif pe > 1 and pe % 2 == 0:
                made = _joined(self._tiles(work, pe // 2, simd), 1, 2)
            else:
                made = _joined(_joined(work.weights != 0, 4, simd), 1, pe)
            self._there[key] = made
        return self._there[key]


def _joined(there: np.ndarray, axis: int, count: int) -> np.ndarray:
    """Whether any of so many neighbours along an axis is there."""
    starts = range(0, there.shape[axis], count)
    return np.logical_or.reduceat(there, starts, axis) if count > 1 else there


def array_sizes(
    passes: Sequence[Pass],
    fixed: Decisions,
    feed: Feed,
    device: Device,
    fill: float,
    tiles: TileCounts,
) -> list[ArraySize]:
    """Sizes whose processing elements a device has room for.

    Parameters
    ----------
    passes : sequence of Pass
    fixed : mapping
        Sizes that are decided; they are neither refused nor left out.
    feed : Feed
        What weights come from.
    device : Device
    fill : float
        Share of the logic cells that may be used.
    tiles : TileCounts
        What was counted before.
    """
    bits = max(each.code_bits for each in passes)
    found = []
    for pe, simd, pixels in _sizes(passes, fixed):
        each = pe_resources(bits, simd, _ACCUMULATOR_BITS, device.family)
        cells = pe * pixels * each.cells
        if cells > fill * device.lut and "pe" not in fixed:
            continue
        lanes = min(simd, _MOST_LANES)
        if simd % lanes:
            lanes = simd
        per_byte = densest(pe * simd, feed.bits)
        array = Array(pe, simd, pixels, lanes, feed=feed, weights_per_byte=per_byte)
        try:
            cycles = sum(_cycles(work, array, feed, tiles) for work in joined(passes, array))
        except PlanError:
            if "pe" in fixed:
                cycles = 0.0  # the unit says what is wrong
            else:
                continue
        found.append(ArraySize(pe, simd, pixels, lanes, per_byte, cycles, cells))
    return found


def _sizes(passes: Sequence[Pass], fixed: Decisions) -> Iterator[tuple[int, int, int]]:
    depth = max(each.window.shape[2] for each in passes)
    filters = max(each.shape[2] for each in passes)
    columns = max(each.window.out[1] for each in passes)
    for pe, simd, pixels in product(
        decided(fixed, "pe", _powers(filters)),
        decided(fixed, "simd", _powers(min(depth, filters))),
        decided(fixed, "pixels", _powers(min(_MOST_PIXELS, columns))),
    ):
        if pe % simd == 0 or "pe" in fixed:
            yield pe, simd, pixels


def _powers(most: int) -> list[int]:
    return [1 << exponent for exponent in range((most - 1).bit_length() + 1)]


def _cycles(work: Pass, array: Array, feed: Feed, tiles: TileCounts) -> float:
    """Cycles of a pass: of each group those of its tiles, or those of its words if more."""
    rows, columns = work.window.out
    pixels = 1 if work.whole else array.pixels_of(work)
    steps = rows * -(-columns // pixels)
    pitch = array.pitch(work.shape[2])
    if work.weights is None:
        kernel = work.window.kernel[0] * work.window.kernel[1]
        return steps * pitch * kernel + _PASS_CYCLES
    if work.whole:
        steps, columns = work.window.shape[0] * work.window.shape[1], 1
    each = tiles.of(work, array.pe, array.simd)
    gap = 1 if work.whole else pixels * array.pe // array.lanes
    worked = steps * np.maximum(each, gap)
    words = each * row_words(array.pe * array.simd, array.weights_per_byte, feed.bits)
    if work.thresholds is not None and len(work.thresholds) > 1:
        words = words + array.pe * work.thresholds.shape[1] * _ACCUMULATOR_BITS // feed.bits
    frame = 1 + feed.extra / feed.most if feed.most else 1.0
    return float(np.maximum(worked, frame * words).sum()) + _PASS_CYCLES * len(each)
