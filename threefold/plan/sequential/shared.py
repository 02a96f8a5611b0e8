"""Shared tiles: passes of narrower widths, by rows of weights that are stored for the whole.

The weights of a narrower width are those of the first filters and channels. Where a tile hangs over
its edge, the row has weights in lanes that the width lacks. Those of channels multiply codes of 0,
for a lane without a channel holds 0. Filters that are not there have thresholds that no sum
reaches, or that all sums reach.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .tiles import PassTiles
from .widths import NEVER

__all__ = ["SharedTiles", "shared"]


@dataclass(frozen=True, eq=False)
class SharedTiles(PassTiles):
    """A pass of a narrower width, and where the weights of its tiles are.

    Parameters
    ----------
    whole : PassTiles
        The pass of the whole network.
    places : tuple of int
        For each tile its row of weights among those of the whole, ascending.
    """

    whole: PassTiles = field(kw_only=True)
    places: tuple[int, ...] = field(kw_only=True)

    @cached_property
    def weights(self) -> np.ndarray:
        return self.whole.weights[list(self.places)]

    @cached_property
    def shift(self) -> int | None:
        shift = super().shift
        alike = shift is None or _alike(self._distances.reshape(self.groups, -1))
        return shift if alike else None

    @property
    def jumps(self) -> np.ndarray:
        return self._distances[: self.tiles_stored]

    @property
    def complements(self) -> np.ndarray:
        return self._summed(self.weights < 0)[: self.work.shape[2]]

    @cached_property
    def quiet(self) -> bool:
        adds = (self.weights != 0) & self._live_channels[:, None, :] | (self.weights < 0)
        return not self._summed(adds)[_absent(self)].any()

    def accumulator_max(self, bits: int) -> int:
        own = super().accumulator_max(bits)
        largest = np.array(self.work.largest)[self._tiles[:, 0], None, None]
        terms = (self.weights > 0) * self._live_channels[:, None, :] * largest
        terms = self._summed(terms + (self.weights < 0) * (2**bits - 1))
        pixels = self.work.window.pixels if self.work.whole else 1
        return max(own, int(terms[_absent(self)].max(initial=0)) * pixels)

    @property
    def _tiles(self) -> np.ndarray:
        return np.concatenate(self.lists)

    @property
    def _distances(self) -> np.ndarray:
        """Rows of weights from that of each tile to that of the next; 1 behind the last."""
        return np.diff(self.places, append=self.places[-1] + 1)

    @property
    def _live_channels(self) -> np.ndarray:
        return _live(self, self._tiles[:, 3])

    def _summed(self, terms: np.ndarray) -> np.ndarray:
        """Sums over the tiles and lanes of each filter, doubled as accumulators are."""
        sums, start = [], 0
        for tiles in self.lists:
            total = np.zeros(self.array.pe, np.int64)
            for place, double in enumerate(tiles[:, 4].tolist(), start):
                total = total * (1 + double) + terms[place].sum(axis=1)
            sums.append(total)
            start += len(tiles)
        return np.concatenate(sums)


def shared(own: PassTiles, whole: PassTiles | None) -> PassTiles:
    """A pass of a narrower width with rows of weights of the whole, or as it is if some differ.

    Parameters
    ----------
    own : PassTiles
    whole : PassTiles or None
        The same pass of the whole network, if there is one.
    """
    if whole is None or own.work.weights is None or whole.work.weights is None:
        return own
    places = _places(own, whole)
    if places is None:
        return own
    made = SharedTiles(own.work, own.array, own.dense, whole=whole, places=tuple(places))
    # Values in front of thresholds are seen where an addition or a pool has thresholds of others.
    return made if made.quiet or len(own.work.seen) == 1 else own


def _places(own: PassTiles, whole: PassTiles) -> list[int] | None:
    """The row of weights of the whole for each tile, or None if there are not all."""
    there: dict[tuple[int, ...], list[int]] = {}
    for place, key in enumerate(_keys(whole)):
        there.setdefault(key, []).append(place)
    keys, places = _keys(own), [-1]
    lanes = _live(own, np.array([key[-1] for key in keys]))
    present = ~_absent(own).reshape(-1, own.array.pe)
    for key, row, live in zip(keys, own.weights, lanes, strict=True):
        filters = present[key[0]]
        # In a group without any filter it does not matter which row the tile takes.
        candidates = there.get(key, []) if filters.any() else range(len(whole.weights))
        for place in candidates[bisect_right(candidates, places[-1]) :]:
            if ((whole.weights[place] == row) | ~filters[:, None] | ~live).all():
                places.append(place)
                break
        else:
            return None
    return places[1:]


def _keys(each: PassTiles) -> list[tuple[int, ...]]:
    """Group, source, kernel row, kernel column and word of each tile."""
    return [(group, *tile[:4]) for group, tiles in enumerate(each.lists) for tile in tiles.tolist()]


def _live(each: PassTiles, words: np.ndarray) -> np.ndarray:
    """Which lanes of some words of a map may hold another code than 0: bool, (words, SIMD)."""
    places = words[:, None] * each.array.simd + np.arange(each.array.simd)
    # What is beyond the map has the code of padding in all lanes.
    padded = any(each.work.window.padding) and each.work.pad_code > 0
    return (places < each.work.window.shape[2]) | padded


def _absent(each: PassTiles) -> np.ndarray:
    """Which lanes of all groups have no filter, or one of a constant code: bool, (groups × PE,)."""
    absent = np.ones(each.groups * each.array.pe, bool)
    absent[: each.work.shape[2]] = False
    thresholds = each.work.thresholds
    if thresholds is not None and len(thresholds) > 1:
        absent[: len(thresholds)] = (np.abs(thresholds) >= NEVER).all(axis=1)
    return absent


def _alike(distances: np.ndarray) -> bool:
    """Whether the tiles of all groups are as far apart; shape (groups, tiles)."""
    within, between = distances[:, :-1], distances[:-1, -1]
    return bool((within == within[:1]).all() and (between == between[:1]).all())
