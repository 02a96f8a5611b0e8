"""Folding a layer onto an array of processing elements, and the list of tiles that remains."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from ..errors import PlanError
from .layer import Layer

__all__ = ["Folding", "Schedule"]


@dataclass(frozen=True)
class Folding:
    """Size of a PE array.

    Parameters
    ----------
    pe : int
        Processing elements: rows of the weight matrix worked on at once.
    simd : int
        Lanes of each: columns worked on at once.
    """

    pe: int
    simd: int

    def check(self, layer: Layer) -> None:
        """Raise unless this folding divides the layer.

        Raises
        ------
        PlanError
            If it does not.
        """
        for what, size, whole, unit in (
            ("PE count", self.pe, layer.rows, "rows"),
            ("SIMD width", self.simd, layer.columns, "columns"),
        ):
            if size < 1 or whole % size:
                raise PlanError(
                    f"{what} of {layer.name!r} must divide {whole} {unit}, not {size}; "
                    f"divisors are {_divisors(whole)}"
                )


@dataclass(frozen=True, eq=False)
class Schedule:
    """The tiles (PE × SIMD) of a layer in the order they are worked on, empty ones left out.

    Rows are folded outermost, so that every processing element needs one accumulator. A group
    of rows without any weight keeps one empty tile: its result, zero, still has to leave.

    Parameters
    ----------
    layer : Layer
    folding : Folding

    Raises
    ------
    PlanError
        If the folding does not divide the layer.
    """

    layer: Layer
    folding: Folding

    def __post_init__(self):
        self.folding.check(self.layer)

    @property
    def row_groups(self) -> int:
        """Groups of rows that the array works on one after the other."""
        return self.layer.rows // self.folding.pe

    @property
    def words(self) -> int:
        """Words of SIMD codes in an input vector."""
        return self.layer.columns // self.folding.simd

    @cached_property
    def occupancy(self) -> np.ndarray:
        """Which tiles hold a weight: bool, shape (row groups, words)."""
        return self._tiles().any(axis=(2, 3))

    @cached_property
    def tiles(self) -> tuple[tuple[int, int], ...]:
        """(row group, word) of every tile worked on."""
        kept = self.occupancy.copy()
        kept[~kept.any(axis=1), 0] = True
        return tuple((int(group), int(word)) for group, word in np.argwhere(kept))

    @cached_property
    def weights(self) -> np.ndarray:
        """Weights of every tile worked on: int8, shape (tiles, PE, SIMD)."""
        groups, words = np.array(self.tiles).T
        return self._tiles()[groups, words]

    @cached_property
    def last(self) -> tuple[bool, ...]:
        """For every tile whether it is the last of its row group."""
        groups = [group for group, _ in self.tiles] + [None]
        return tuple(here != then for here, then in pairwise(groups))

    @property
    def skipped(self) -> int:
        """Tiles that cost neither a cycle nor a memory row."""
        return self.row_groups * self.words - len(self.tiles)

    @property
    def link_bits(self) -> int:
        """Bits a weight row needs to name the next word and to mark the end of a row group."""
        return (self.words - 1).bit_length() + 1 if self.skipped else 0

    @property
    def row_bits(self) -> int:
        """Width of a weight row."""
        return 2 * self.folding.pe * self.folding.simd + self.link_bits

    @property
    def weight_bits(self) -> int:
        """Bits of weight memory, the index of skipped tiles included; none for constants."""
        return self.row_bits * len(self.tiles) if len(self.tiles) > 1 else 0

    def _tiles(self) -> np.ndarray:
        shape = (self.row_groups, self.folding.pe, self.words, self.folding.simd)
        return self.layer.weights.reshape(shape).transpose(0, 2, 1, 3)


def _divisors(number: int) -> str:
    return ", ".join(str(size) for size in range(1, number + 1) if number % size == 0)
