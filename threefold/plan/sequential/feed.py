"""Feed: a memory that gives words in frames, and the cycles in which they come."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from ...errors import PlanError

__all__ = ["Feed", "FeedClock"]

_MOST_BITS = 128


@dataclass(frozen=True)
class Feed:
    """Times of a memory that is read from its beginning to its end, over and over.

    Words come in frames of a fixed number. A frame is asked for when there is room for it, and its
    words follow each other without a gap. A memory with refreshes begins each frame with one, and
    refreshes when no frame has been asked for in time. It is told when an image begins and then
    refreshes, so that cycles do not depend on what was before.

    Parameters
    ----------
    bits : int
        Width of a word, a multiple of 8.
    first : int
        Cycles from the cycle in which a frame is taken to that of its first word.
    extra : int
        Cycles from a frame that is taken to the next, beyond those of its words; at most ``first``,
        so that nothing is left of them when an image begins.
    every : int
        Cycles from a refresh or frame to the refresh behind it, more than ``busy``; 0 without
        refreshes.
    busy : int
        Cycles of a refresh.
    most : int
        Words of a frame at most; 0 if there may be any number.
    holds : int
        Words that it holds; 0 if nothing is known of that.

    Raises
    ------
    PlanError
        If a number is none that it can be.
    """

    bits: int
    first: int = 1
    extra: int = 0
    every: int = 0
    busy: int = 0
    most: int = 0
    holds: int = 0

    def __post_init__(self):
        least = {"bits": 8, "first": 1}
        for name, value in asdict(self).items():
            if type(value) is not int or value < least.get(name, 0):
                raise PlanError(
                    f"{name!r} of a feed must be a number from {least.get(name, 0)} on, "
                    f"not {value!r}"
                )
        if self.bits > _MOST_BITS or self.bits % 8:
            raise PlanError(
                f"words of a feed have a multiple of 8 bits up to {_MOST_BITS:,}, not {self.bits}"
            )
        if self.extra > self.first:
            raise PlanError(
                f"'extra' of a feed is at most its 'first', {self.first}, not {self.extra}"
            )
        if bool(self.every) != bool(self.busy) or (self.busy and self.every <= self.busy):
            raise PlanError(
                f"refreshes of a feed have 'every' and 'busy' cycles, the first above the second, "
                f"not {self.every} and {self.busy}"
            )

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """The feed with these values by name.

        Raises
        ------
        PlanError
            If one is unknown, missing or impossible.
        """
        names = [field.name for field in fields(cls)]
        if unknown := sorted(values.keys() - set(names)):
            raise PlanError(f"{unknown[0]!r} of a feed is unknown; there are {', '.join(names)}")
        if "bits" not in values:
            raise PlanError("'bits' of a feed is missing")
        return cls(**values)

    def to_dict(self) -> dict[str, int]:
        """Its values by name."""
        return asdict(self)

    @property
    def held(self) -> int:
        """Cycles from the beginning of an image to the first in which a frame may be taken."""
        return 2 * self.busy + 1 if self.every else 0


class FeedClock:
    """Cycles in which frames are taken, one after the other.

    Parameters
    ----------
    feed : Feed
    words : int
        Words of a frame.
    start : int
        Cycle in which an image begins.
    """

    def __init__(self, feed: Feed, words: int, start: int):
        self._feed, self._words = feed, words
        self._free = start + feed.held
        self._refreshed = start + feed.busy + 1

    def take(self, asked: int) -> int:
        """Cycle in which the next frame is taken that is asked for from ``asked`` on."""
        feed, cycle = self._feed, max(asked, self._free)
        while feed.every and (due := max(self._refreshed + feed.every, self._free)) <= cycle:
            self._refreshed, self._free = due, due + feed.busy
            cycle = max(cycle, self._free)
        self._refreshed, self._free = cycle, cycle + self._words + feed.extra
        return cycle

    def last(self, taken: int) -> int:
        """Cycle of the last word of a frame that was taken."""
        return taken + self._feed.first + self._words - 1
