"""Tiles of a pass: what the array reads for an output pixel, empty ones left out."""

from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np

from ..digits import DigitTiles, digit_tiles
from .array import Array
from .passes import Pass

__all__ = ["PassTiles"]


@dataclass(frozen=True, eq=False)
class PassTiles:
    """A pass on an array: groups of filters, and the tiles of each.

    Filters beyond those of the layer, and channels beyond those of its input, have weights of 0.
    A group without a weight keeps one tile. Weights of several digits are tiles of each, as in
    :mod:`~threefold.plan.digits`. In a pass for largest codes a group is a word.

    Parameters
    ----------
    work : Pass
    array : Array
    dense : bool
        Whether empty tiles stay, so that each group takes the same.
    """

    work: Pass
    array: Array
    dense: bool = False

    @property
    def pixels(self) -> int:
        """Output pixels that are worked on at once."""
        return 1 if self.work.whole else self.array.pixels_of(self.work)

    @property
    def spread(self) -> int:
        """Neighbouring columns of the map it reads that are in the same bank."""
        return self.work.window.stride[1] if self.array.copies and self.pixels > 1 else 1

    @property
    def line_places(self) -> int:
        """Places of a row of the map it reads in each bank."""
        return self.array.row(self.work.window.shape, self.spread)

    @property
    def lines(self) -> int:
        """Rows that it reads of each map."""
        return int(self.lines_by_row[-1])

    @cached_property
    def lines_by_row(self) -> np.ndarray:
        """Rows of each map that have been read behind each row of output pixels: int64."""
        window = self.work.window
        ends = np.arange(self.rows) * window.stride[0] - window.padding[0] + window.kernel[0]
        return np.clip(ends, 1, window.shape[0])

    @property
    def line_words(self) -> int:
        """Words of a row of all maps it reads."""
        _, width, channels = self.work.window.shape
        return len(self.work.sources) * width * self.array.pitch(channels)

    @property
    def rows(self) -> int:
        """Rows of output pixels."""
        return self.work.window.out[0]

    @property
    def row_steps(self) -> int:
        """Steps of a row, each of as many pixels as are worked on at once."""
        return ceil(self.work.window.out[1] / self.pixels)

    @property
    def steps(self) -> int:
        """Steps of an image."""
        return self.rows * self.row_steps

    @property
    def group_words(self) -> int:
        """Words of a pixel that a group gives."""
        return 1 if self.work.weights is None else self.array.group_words

    @property
    def groups(self) -> int:
        """Groups of filters."""
        return ceil(self.array.pitch(self.work.shape[2]) / self.group_words)

    @property
    def beats(self) -> int:
        """Beats in which the accumulator values of a group's pixel become codes."""
        return self.group_words * self.array.simd // self.array.lanes

    @cached_property
    def lists(self) -> list[np.ndarray]:
        """For each group its tiles: int64, shape (tiles, 5).

        Source, kernel row, kernel column and word, and whether accumulators are doubled ahead of
        it.
        """
        if self._digits is None:
            height, width = self.work.window.kernel
            places = np.indices((1, height, width, 1, 1)).reshape(5, -1).T
            return [places + np.array([0, 0, 0, word, 0]) for word in range(self.groups)]
        places, doubles = self._digits.places, self._digits.doubles
        tiles = np.column_stack([places[:, 1:], doubles])
        return np.split(tiles, np.flatnonzero(np.diff(places[:, 0])) + 1)

    @cached_property
    def shift(self) -> int | None:
        """Words between the tiles of a group and of the next, if they are the same but for that."""
        first, *others = self.lists
        if not others:
            return 0
        if any(len(each) != len(first) for each in others):
            return None
        shift = int(others[0][0, 3] - first[0, 3])
        by = np.array([0, 0, 0, shift, 0])
        alike = (np.array_equal(each, first + n * by) for n, each in enumerate(others, 1))
        return shift if all(alike) else None

    @cached_property
    def weights(self) -> np.ndarray:
        """Ternary weights of all tiles, group by group: int8, shape (tiles, PE, SIMD)."""
        if self._digits is None:
            return np.zeros((0, self.array.pe, self.array.simd), np.int8)
        return self._digits.weights

    @property
    def complements(self) -> np.ndarray:
        """Σ 2^d of the digits of each filter that are −1: int64, shape (filters,)."""
        filters = self.work.shape[2]
        if self._digits is None:
            return np.zeros(filters, np.int64)
        return self._digits.complements[:filters]

    @property
    def doubles(self) -> bool:
        """Whether accumulators are doubled at all."""
        return self._digits is not None and bool(self._digits.doubles.any())

    @property
    def quiet(self) -> bool:
        """Whether sums of lanes without a filter are 0."""
        return True

    def accumulator_max(self, bits: int) -> int:
        """Largest accumulator value, for codes of ``bits`` bits."""
        return self.work.accumulator_max(bits, self.complements)

    @property
    def stored(self) -> list[np.ndarray]:
        """The lists that are stored: of all groups, or of the first if it tells the others."""
        return self.lists if self.shift is None else self.lists[:1]

    @property
    def tiles_stored(self) -> int:
        """Tiles in these lists."""
        return sum(map(len, self.stored))

    @property
    def jumps(self) -> np.ndarray:
        """Rows of weights from each of these tiles to the next: int64, shape (tiles,)."""
        return np.ones(self.tiles_stored, np.int64)

    @property
    def lengths(self) -> list[int]:
        """Tiles of each group."""
        return [len(each) for each in self.lists]

    @property
    def tiles_worked(self) -> int:
        """Tiles of an output pixel that are worked on."""
        return sum(self.lengths)

    @property
    def tiles_in_all(self) -> int:
        """Tiles of an output pixel, the empty ones of all digits included."""
        if self.work.weights is None:
            return self.tiles_worked
        sources, _, height, width, channels = self.work.weights.shape
        places = sources * height * width * self.array.pitch(channels)
        return self.groups * places * self.work.layer_digits

    @property
    def tile_cycles(self) -> int:
        """Cycles of an image in which a tile is worked on."""
        return self.tiles_worked * self.steps

    @property
    def order(self) -> np.ndarray:
        """Places, in the written map, of the codes in the order in which words are written.

        int64, shape (words, SIMD); −1 for a lane without a channel.
        """
        return self.ordered()

    def ordered(self, *, backwards: bool = False) -> np.ndarray:
        """The :attr:`order`; ``backwards`` if groups are passes of which the last comes first."""
        height, width, channels = self.work.shape
        pitch = self.array.pitch(channels)
        words = np.full((height * width, pitch * self.array.simd), -1)
        words[:, :channels] = np.arange(height * width * channels).reshape(-1, channels)
        words = words.reshape(height, width, pitch, self.array.simd)
        columns, groups = range(0, width, self.pixels), range(0, pitch, self.group_words)
        if self.array.feed and self.work.weights is not None:
            groups = groups[::-1] if backwards else groups
            places = [(y, x, word) for word in groups for y in range(height) for x in columns]
        else:
            places = [(y, x, word) for y in range(height) for x in columns for word in groups]
        parts = [
            words[y, x : x + self.pixels, word : word + self.group_words] for y, x, word in places
        ]
        return np.concatenate([part.reshape(-1, self.array.simd) for part in parts])

    @cached_property
    def _digits(self) -> DigitTiles | None:
        """Ternary tiles of the weights; None where the largest codes of windows are wanted."""
        weights, array = self.work.weights, self.array
        if weights is None:
            return None
        sources, filters, height, width, channels = weights.shape
        missing = self.groups * array.pe - filters, -channels % array.simd
        padded = np.pad(weights, ((0, 0), (0, missing[0]), (0, 0), (0, 0), (0, missing[1])))
        shape = (sources, self.groups, array.pe, height, width, -1, array.simd)
        parted = padded.reshape(shape).transpose(1, 0, 3, 4, 5, 2, 6)
        return digit_tiles(parted, self.work.digits, dense=self.dense)
