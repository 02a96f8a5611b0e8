"""Maps in one memory: where each begins, for as long as a pass still reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from .array import Array
from .passes import Pass
from .tiles import PassTiles

__all__ = ["Maps", "first_gap"]


@dataclass(frozen=True, eq=False)
class Maps:
    """Places of the maps of some passes in the banks of one memory; in all of it if passes copy.

    A map is there from the pass that writes it to the last that reads it. An addition or a
    threshold writes over a map that nothing reads behind it, and so does a pass with an addition.

    Parameters
    ----------
    array : Array
    source : str
        Stream of the map that is there before the first pass.
    shape : (int, int, int)
        Its shape.
    passes : tuple of Pass
    whole : Maps, optional
        Those of the whole network if these are of a narrower width: maps are where they are there.
    """

    array: Array
    source: str
    shape: tuple[int, int, int]
    passes: Sequence[Pass]
    whole: "Maps | None" = None

    ahead: ClassVar[bool] = False
    """Whether the next image may enter while passes are under way."""

    @cached_property
    def shapes(self) -> dict[str, tuple[int, int, int]]:
        """Shape of each map, by its stream."""
        return {self.source: self.shape} | {each.stream: each.shape for each in self.passes}

    @cached_property
    def bases(self) -> dict[str, int]:
        """Place in each bank at which a map begins, by its stream."""
        if self.whole:
            return self.whole.bases
        bases = {self.source: 0}
        for place, each in enumerate(self.passes):
            if over := self.over(place):
                bases[each.stream] = bases[over[0]]
            else:
                bases[each.stream] = first_gap(self.taken(bases, place), self._size(each.stream))
        return bases

    def base(self, name: str, image: int) -> int:
        """Place in each bank at which a map of an image begins."""
        return self.bases[name]

    def in_turn(self, tiled: Sequence[PassTiles]) -> tuple[PassTiles, ...]:
        """Passes on the array, in the order in which it takes them."""
        return tuple(tiled)

    @property
    def opens(self) -> int | None:
        """Pass with whose end the next image may enter; None if it waits for all to end."""
        return None

    def openings(self, tiled: Sequence[PassTiles]) -> list[int]:
        """Which of these passes let the next image enter with their end."""
        return [] if self.opens is None else [self.last_of(tiled, self.opens)]

    def last_of(self, tiled: Sequence[PassTiles], place: int, image: int = 0) -> int:
        """The last of the passes on the array that are a pass, of an image."""
        of = self.passes[place].stream, image
        return max(n for n, each in enumerate(tiled) if (each.work.stream, each.work.image) == of)

    def memories(self, depth: int) -> list[int]:
        """Places of the memories that a bank of so many places consists of."""
        return [depth]

    @cached_property
    def last(self) -> dict[str, int]:
        """Last pass that reads each map, by its stream; one behind all for what leaves."""
        last = {each.stream: place for place, each in enumerate(self.passes)}
        for place, each in enumerate(self.passes):
            last |= dict.fromkeys(each.sources, place)
        return last | {self.passes[-1].stream: len(self.passes)}

    def dying(self, place: int) -> list[str]:
        """Maps that a pass is the last to read."""
        return [name for name in self.passes[place].sources if self.last[name] == place]

    def over(self, place: int) -> list[str]:
        """Maps that a pass may be written over, or the one that it is."""
        each = self.passes[place]
        if each.added:
            return [each.added]
        return self.dying(place) if each.elementwise else []

    def taken(self, bases: Mapping[str, int], place: int) -> list[tuple[int, int]]:
        """First place, and the one behind the last, of each map that is there in a pass."""
        live = [name for name in bases if self.last[name] >= place]
        return sorted((bases[name], bases[name] + self._size(name)) for name in live)

    @cached_property
    def depth(self) -> int:
        """Places of each bank."""
        return max(base + self._size(name) for name, base in self.bases.items())

    def _size(self, name: str) -> int:
        return self.array.stored.size(self.shapes[name])


def first_gap(taken: Sequence[tuple[int, int]], size: int) -> int:
    """Lowest place behind which ``size`` places are free."""
    place = 0
    for start, end in taken:
        if start - place >= size:
            break
        place = max(place, end)
    return place
