"""Sizes: the passes that an array takes, and how wide all is that they need."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from typing import Self

from .array import Array
from .copying import banked_places
from .joined import JoinedTiles
from .limits import Limits, room
from .maps import Maps
from .passes import Pass
from .repeated import RepeatedTiles
from .shared import shared
from .tiles import PassTiles
from .works import works_of

__all__ = ["Sizes"]


@dataclass(frozen=True, eq=False)
class Sizes:
    """Passes on an array, the room that they take, and widths.

    Parameters
    ----------
    array : Array
    maps : Maps
    bits : int
        Width of the codes in the map buffer.
    interval : int
        Cycles from one search among thresholds to the next.
    parts : int
        Parts of a code that enters, each in words of its own.
    narrower : sequence of Maps
        With the passes of each narrower width of the network, if there are such.
    limits : mapping of str to int
        Room there is in hardware for contents from outside, see
        :mod:`~threefold.plan.sequential.limits`; where one is left out, what the passes need.

    Raises
    ------
    PlanError
        When something is asked for that exceeds a limit.
    """

    array: Array
    maps: Maps
    bits: int
    interval: int
    parts: int = 1
    narrower: Sequence[Maps] = ()
    limits: Limits = field(default_factory=dict)

    def within(self, limits: Limits, *, bits: int, interval: int) -> Self:
        """The same passes within limits, for codes of ``bits`` bits."""
        made = replace(self, limits=limits, bits=bits, interval=interval)
        if made.banked == self.banked:
            vars(made)["by_width"] = self.by_width  # no limit of tiles is known before
        return made

    @property
    def passes(self) -> Sequence[Pass]:
        return self.maps.passes

    @cached_property
    def by_width(self) -> tuple[tuple[PassTiles, ...], ...]:
        """The passes on the array at each width of the network, those of the whole first.

        Of those that add up all pixels there is one for each group; where a pass copies maps that
        do not fit its banks, one for each band of rows.
        """
        whole, *narrower = (self._tiled(each.passes) for each in (self.maps, *self.narrower))
        of = {(each.work.stream, each.work.first): each for each in whole}
        return whole, *(
            tuple(shared(each, of.get((each.work.stream, each.work.first))) for each in tiled)
            for tiled in narrower
        )

    @cached_property
    def tiled(self) -> tuple[PassTiles, ...]:
        """The passes of all widths, one width behind the other."""
        return tuple(each for tiled in self.by_width for each in tiled)

    @property
    def once(self) -> tuple[PassTiles, ...]:
        """The passes of the whole network, those of one image alone."""
        return tuple(each for each in self.by_width[0] if not each.work.image)

    @property
    def ends(self) -> list[int]:
        """Passes up to the end of those of each width."""
        return list(accumulate(map(len, self.by_width)))

    def _tiled(self, passes: Sequence[Pass]) -> tuple[PassTiles, ...]:
        works = works_of(passes, self.array, self.banked if self.array.copies else 0)
        return self.maps.in_turn([self._within_limit(self._tiles_of(each)) for each in works])

    def _tiles_of(self, work: Pass) -> PassTiles:
        repeats = self.array.feed is not None and work.whole and self.array.pixels > 1
        kind = JoinedTiles if work.added else RepeatedTiles if repeats else PassTiles
        return kind(work, self.array)

    def _within_limit(self, each: PassTiles) -> PassTiles:
        """A pass, with its empty tiles if the list of all groups is too long without them."""
        limit = self.limits.get("tiles", each.tiles_stored)
        if each.tiles_stored > limit:
            dense = replace(each, dense=True)
            return dense if dense.tiles_stored <= limit else each
        return each

    @cached_property
    def accumulator_bits(self) -> int:
        """Width of an accumulator value, with room for the threshold that means "never"."""
        largest = max(each.accumulator_max(self.bits) for each in self.tiled)
        least = self.sum_bits if self.joins else 0  # thresholds of sums come like others
        return room(self.limits, "accumulator", max((largest + 1).bit_length(), least))

    @cached_property
    def code_bits(self) -> int:
        """Width of the codes that are found by thresholds."""
        return room(self.limits, "searched", max(each.code_bits for each in self.passes))

    @property
    def depth(self) -> int:
        """Places of each bank of the map buffer, or of the memory that passes copy maps from."""
        return room(self.limits, "places", self.maps.depth)

    @cached_property
    def banked(self) -> int:
        """Places of each bank that the array reads; see ``banked_places`` if passes copy maps."""
        if not self.array.copies:
            return self.depth
        return self.limits.get("banked") or banked_places(self.passes, self.array)

    @property
    def bank_depths(self) -> list[int]:
        """Places of each memory of a bank."""
        return self.maps.memories(self.banked)

    @property
    def logit_bits(self) -> int:
        """Width of a logit that leaves."""
        return self.passes[-1].layers[-1].output.element.bits

    @property
    def result_rows(self) -> int:
        """Rows of as many accumulator values as the array has lanes, of which logits are made."""
        last = [each for each in self.once if each.work.offsets is not None]
        pitches = sum(self.array.pitch(each.work.shape[2]) for each in last)
        return pitches * self.array.simd // self.array.lanes

    @property
    def address_bits(self) -> int:
        """Width of an address in a bank of the memory of all maps."""
        return max(1, (self.depth - 1).bit_length())

    @property
    def bank_bits(self) -> int:
        """Width of an address in a bank that the array reads."""
        return max(1, (self.banked - 1).bit_length())

    @cached_property
    def position_bits(self) -> int:
        """Width of a row or column of a window, those in the padding and negative ones included."""
        most = 1
        for each in self.tiled:
            (height, width, _), (top, left, bottom, right) = each.work.window.shape, _padding(each)
            reach = self.array.pixels * each.work.window.stride[1]
            most = max(most, height + top + bottom, width + left + right + 2 * reach)
        # What lies ahead of a map is above all that is in it or behind it, modulo its width.
        needed = most.bit_length() if self._hangs_over else 0
        return max(1, room(self.limits, "position", needed))

    @property
    def padded(self) -> bool:
        """Whether any window may hang over the border of its map."""
        return self.limits.get("position", self._hangs_over) > 0

    @property
    def _hangs_over(self) -> bool:
        return any(any(_padding(each)) for each in self.tiled)

    @property
    def doubles(self) -> bool:
        """Whether accumulators may be doubled between tiles."""
        needed = any(each.doubles for each in self.tiled)
        return self.limits.get("double", needed) > 0

    @property
    def pools(self) -> bool:
        """Whether any pass may give largest codes."""
        needed = any(each.work.weights is None for each in self.tiled)
        return self.limits.get("largest", needed) > 0

    @property
    def joins(self) -> bool:
        """Whether any pass may add a map to its codes."""
        needed = any(each.work.added for each in self.tiled)
        return self.limits.get("joins", needed) > 0

    @property
    def sum_bits(self) -> int:
        """Width of a sum of two codes, with room for the threshold that means "never"."""
        return self.bits + 1

    @property
    def strides(self) -> list[int]:
        """Columns that may be between pixels worked on at once, if there are several; ascending."""
        if "stride" in self.limits:
            beyond, pixels = 1 << self.limits["stride"], self.array.pixels
            return [n for n in range(1, min(beyond, pixels)) if not pixels % n]
        return sorted({each.work.window.stride[1] for each in self.tiled if each.pixels > 1})


def _padding(each: PassTiles) -> tuple[int, int, int, int]:
    return each.work.window.padding
