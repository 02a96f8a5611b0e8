"""Repeated tiles: columns that are added up, for one row of weights."""

from functools import cached_property

import numpy as np

from .tiles import PassTiles

__all__ = ["RepeatedTiles"]


class RepeatedTiles(PassTiles):
    """Tiles of a pass that adds up all pixels, several columns a step, whose weights are the same.

    The columns of a word follow each other, and take one row of weights together.
    """

    @cached_property
    def lists(self) -> list[np.ndarray]:
        # Columns last, as the others are in order already.
        return [each[np.argsort(each[:, 3], kind="stable")] for each in super().lists]

    @cached_property
    def weights(self) -> np.ndarray:
        order, start = [], 0
        for each in super().lists:
            by_word = np.argsort(each[:, 3], kind="stable")
            order.append(start + by_word[self._lasts(each[by_word])])
            start += len(each)
        return super().weights[np.concatenate(order)]

    @property
    def jumps(self) -> np.ndarray:
        return np.concatenate([self._lasts(each) for each in self.stored]).astype(np.int64)

    @staticmethod
    def _lasts(tiles: np.ndarray) -> np.ndarray:
        """Whether a tile is the last of its word."""
        return np.append(tiles[1:, 3] != tiles[:-1, 3], True)
