"""Batch programs: streamed programs in which images share what is read of weights."""

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

import numpy as np

from .batch_maps import BatchMaps
from .program import Program
from .streamed import StreamedProgram

__all__ = ["BatchProgram"]


class BatchProgram(StreamedProgram):
    """Program of all images of a batch, see :class:`.batch_maps.BatchMaps` for their order.

    A pass of the first image comes with weights. The rows of that stay on the chip until the same
    pass of the last image is over; those of the others are only descriptors, with what else differs
    from the pass before. Passes that are not shared come with weights for each image.
    """

    read_by: ClassVar[tuple[str, ...]] = (
        *("stored", "final", "plain", "keeps", "leaves", "awaits"),
        *("tile_rows", "threshold_rows"),
    )
    shares: ClassVar[bool] = True

    @classmethod
    def depths(cls, programs: Sequence[Program], store: str) -> dict[str, int]:
        return super().depths(programs, store) | {"keeps": 1, "leaves": 1, "awaits": 1}

    @property
    def maps(self) -> BatchMaps:
        """Places of maps, which say what the order is."""
        maps = self.contents.maps
        assert isinstance(maps, BatchMaps)
        return maps

    @cached_property
    def keeps(self) -> list[bool]:
        """Whether the rows of each pass stay for the one behind it."""
        return self.maps.keeps(self.contents.tiled)

    @cached_property
    def leaves(self) -> list[int]:
        """Passes with whose end an image leaves."""
        return self.maps.leaves(self.contents.tiled)

    @cached_property
    def awaits(self) -> list[int]:
        """Passes behind which another image has to be there."""
        return self.maps.awaits(self.contents.tiled)

    def weights(self, place: int) -> np.ndarray:
        again = place > 0 and self.keeps[place - 1]
        return super().weights(place)[: 0 if again else None]

    @property
    def freed(self) -> list[int]:
        return self._freed(self.lengths)

    @property
    def most_unpadded(self) -> int:
        return max(self._freed(self.unpadded))

    def _freed(self, lengths: Sequence[int]) -> list[int]:
        freed, held = [], 0
        for keeps, rows in zip(self.keeps, lengths, strict=True):
            held += rows
            freed.append(0 if keeps else held)
            held *= keeps
        return freed

    @property
    def ending(self) -> list[bool]:
        ends = {*self.leaves, *self.awaits}
        return [place in ends for place in range(len(self.contents.tiled))]

    def reading(self, place: int) -> dict[str, int]:
        return super().reading(place) | {
            "keeps": int(self.keeps[place]),
            "leaves": int(place in self.leaves),
            "awaits": int(place in self.awaits),
        }
