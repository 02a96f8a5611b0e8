"""Repeated tiles: columns that are added up, for one row of weights."""

from functools import cached_property

import numpy as np

from .tiles import PassTiles

__all__ = ["RepeatedTiles"]


class RepeatedTiles(PassTiles):
    """Tiles of a pass that adds up all pixels, several columns a step, whose weights are the same.

    It has one group. The columns of a word follow each other, and take one row of weights together.
    """

    @cached_property
    def lists(self) -> list[np.ndarray]:
        (tiles,) = self._plain.lists
        return [tiles[self._by_word]]

    @cached_property
    def weights(self) -> np.ndarray:
        return self._plain.weights[self._by_word[self._lasts]]

    @property
    def jumps(self) -> np.ndarray:
        return self._lasts.astype(np.int64)

    @cached_property
    def _plain(self) -> PassTiles:
        return PassTiles(self.work, self.array, self.dense)

    @property
    def _by_word(self) -> np.ndarray:
        """The tiles by their words; columns are in order already."""
        return np.argsort(self._plain.lists[0][:, 3], kind="stable")

    @property
    def _lasts(self) -> np.ndarray:
        """Whether a tile is the last of its word: bool, shape (tiles,)."""
        words = self.lists[0][:, 3]
        return np.append(words[1:] != words[:-1], True)
