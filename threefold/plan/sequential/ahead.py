"""Maps ahead: places of maps where the next image may enter while passes are still under way."""

from dataclasses import dataclass
from functools import cached_property

from .maps import Maps, first_gap

__all__ = ["MapsAhead"]


@dataclass(frozen=True, eq=False)
class MapsAhead(Maps):
    """Places of maps in two parts of each bank, of which the lower takes the map that enters.

    From the end of pass :attr:`opens` on, if there is such a one, no pass reads or writes the lower
    part, so that both parts have a write port of their own, and nothing ever waits for the next
    image. Before that maps are there as well. The upper part begins at a power of two.

    The parameters are those of :class:`Maps`.
    """

    ahead = True

    @property
    def entry(self) -> int:
        """Places of the lower part of each bank: those of the map that enters."""
        return self._size(self.source)

    @property
    def upper(self) -> int:
        """Place at which the upper part begins."""
        return 1 << (self.entry - 1).bit_length()

    @cached_property
    def opens(self) -> int | None:
        """The first pass with which the upper part is as small as it can be.

        None if what leaves is written over what enters.
        """
        places = range(self._until(self.source), len(self.passes))
        return min(places, key=lambda n: (self._end(self._bases(n)), n), default=None)

    def memories(self, depth: int) -> list[int]:
        return [self.entry, depth - self.upper]

    @cached_property
    def bases(self) -> dict[str, int]:
        return self._bases(len(self.passes) if self.opens is None else self.opens)

    @cached_property
    def depth(self) -> int:
        return max(self.upper + 1, self._end(self.bases))

    def _end(self, bases: dict[str, int]) -> int:
        return max(base + self._size(name) for name, base in bases.items())

    def _until(self, name: str) -> int:
        """Last pass that reads a map, or one that an addition writes over it."""
        for each in self.passes:
            if each.added == name:
                return self._until(each.stream)
        return self.last[name]

    def _bases(self, opens: int) -> dict[str, int]:
        """Place of each map if the next image may enter with the end of a pass."""
        bases = {self.source: 0}
        for place, each in enumerate(self.passes):
            lowest = self.upper if self._until(each.stream) > opens else 0
            over = [bases[name] for name in self.over(place) if bases[name] >= lowest]
            if over:
                bases[each.stream] = min(over)
                continue
            taken, size = self.taken(bases, place), self._size(each.stream)
            base = first_gap(taken, size)
            if base + size > self.entry or lowest:
                above = [(start - self.upper, end - self.upper) for start, end in taken]
                base = self.upper + first_gap(above, size)
            bases[each.stream] = base
        return bases
