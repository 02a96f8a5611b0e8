"""Even thresholds: those of a channel that are equally far apart, as a start and a distance."""

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np

__all__ = ["MOST_BITS", "EvenThresholds", "even_thresholds"]

MOST_BITS = 8
"""Widest codes whose thresholds are looked at."""

_MOST_FRACTION = 20
_UNBOUNDED = 2**61


@dataclass(frozen=True, eq=False)
class EvenThresholds:
    """Thresholds on a line: value v reaches the n-th where v·2^fraction >= start + n·distance.

    That gives the same codes as thresholds that were rounded up to integers, as a uniform
    quantizer has them. The code of a value is a quotient, clipped to codes that there are:
    (v·2^fraction − start) / distance.

    Parameters
    ----------
    fraction : int
        Bits behind the point of starts and distances.
    starts : array of int64, shape (channels,)
    distances : array of int64, shape (channels,)
        At least 0.
    bits : int
        Width of a code.
    largest : array of int64, shape (channels,)
        Largest value of each channel.
    """

    fraction: int
    starts: np.ndarray
    distances: np.ndarray
    bits: int
    largest: np.ndarray

    @property
    def lines(self) -> np.ndarray:
        """Start and distance of each channel: array of int64, shape (channels, 2)."""
        return np.stack([self.starts, self.distances], axis=1)

    def first(self, channels: int) -> Self:
        """Those of the first channels, whose lines come again after so many."""
        starts, distances = self.starts[:channels], self.distances[:channels]
        largest = self.largest.reshape(-1, channels).max(axis=0)
        return replace(self, starts=starts, distances=distances, largest=largest)

    def of(self, channels: slice) -> Self:
        """Those of some channels."""
        starts, distances = self.starts[channels], self.distances[channels]
        return replace(self, starts=starts, distances=distances, largest=self.largest[channels])

    def moved(self, surplus: np.ndarray) -> Self:
        """Those of values that are larger by ``surplus``: array of int64, shape (channels,)."""
        starts = self.starts + (surplus << self.fraction)
        return replace(self, starts=starts, largest=self.largest + surplus)

    @property
    def word_bits(self) -> int:
        """Width of signed words that hold starts, distances of the largest bit, and remainders."""
        values = self.largest << self.fraction
        steps = self.distances << (self.bits - 1)
        words = [values, np.abs(self.starts), steps, values - self.starts, self.starts + steps]
        return 1 + int(np.max(words)).bit_length()

    @property
    def common_zeros(self) -> int:
        """Lowest bits that are 0 in all starts and in all distances of the largest bit."""
        words = np.concatenate([self.starts, self.distances << (self.bits - 1)])
        found = int(np.bitwise_or.reduce(words))
        return (found & -found).bit_length() - 1 if found else self.word_bits - 1

    @property
    def stored_bits(self) -> int:
        """Width of a word in memory, without the bits that are always 0."""
        return self.word_bits - self.common_zeros


def even_thresholds(thresholds: np.ndarray, largest: np.ndarray) -> EvenThresholds | None:
    """The line that thresholds of each channel lie on, with the fewest bits behind the point.

    Channels of equal thresholds have equal lines, right for the largest value of any of them.

    None if a channel has none, or codes are wider than :data:`MOST_BITS`, or values so wide, from
    33 bits on, that products with 20 bits behind the point might not fit 64.

    Parameters
    ----------
    thresholds : array of int64, shape (channels, largest code)
        Each row ascending, from 0.
    largest : array of int64, shape (channels,)
        Largest value of each channel, from 0. No value reaches what is above.
    """
    bits = thresholds.shape[1].bit_length()
    if bits > MOST_BITS or int(largest.max()).bit_length() + bits + _MOST_FRACTION > 60:
        return None
    _, same = np.unique(thresholds, axis=0, return_inverse=True)
    highest = np.zeros(len(thresholds), np.int64)
    np.maximum.at(highest, same.ravel(), largest)
    highest = highest[same.ravel()]
    # Where codes end below the largest word, the quotient must, too.
    missing = 2**bits - 1 - thresholds.shape[1]
    never = int(largest.max()) + 1
    thresholds = np.pad(thresholds, ((0, 0), (0, missing)), constant_values=never)
    if _line(thresholds, highest, _MOST_FRACTION) is None:
        return None
    low, high = 0, _MOST_FRACTION  # twice the line of a fraction suits the next
    while low < high:
        middle = (low + high) // 2
        if _line(thresholds, highest, middle) is None:
            low = middle + 1
        else:
            high = middle
    line = _line(thresholds, highest, low)
    assert line is not None
    # A distance is added up, and takes more bits behind the point than a start does. Those of the
    # largest bit are 0 at the end anyway.
    rounded = (line.starts(zeros) for zeros in range(bits - 1, -1, -1))
    starts = next(each for each in rounded if each is not None)
    return EvenThresholds(low, starts, line.distances, bits, largest)


class _Line(NamedTuple):
    """Distances of each channel, what a start has to be above, and the highest that suits."""

    distances: np.ndarray
    below: np.ndarray
    highest: np.ndarray

    def starts(self, zeros: int) -> np.ndarray | None:
        """The starts nearest to 0 that are multiples of 2^zeros; None if a channel has none."""
        lowest, highest = -(-(self.below + 1) >> zeros), self.highest >> zeros
        if (lowest > highest).any():
            return None
        return np.clip(0, lowest, highest) << zeros


def _line(thresholds: np.ndarray, largest: np.ndarray, fraction: int) -> _Line | None:
    """Distances with so many bits behind the point, and where starts may be, if there are any."""
    number = np.arange(1, thresholds.shape[1] + 1)
    values = largest[:, None]
    always, never = thresholds <= 0, thresholds > values
    # The n-th point of the line lies above `low` and not above `high`.
    low = np.where(always, -_UNBOUNDED, np.where(never, values, thresholds - 1) << fraction)
    high = np.where(always, 0, np.where(never, _UNBOUNDED, thresholds << fraction))

    def starts(distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What starts are above, and the largest that they may be."""
        passed = distances[:, None] * number
        return (low - passed).max(axis=1), (high - passed).min(axis=1)

    # How many starts there are is concave in the distance, so that bisection finds the most.
    least = np.zeros(len(thresholds), np.int64)
    most = (largest + 1) << fraction
    while (least < most).any():
        middle = (least + most) // 2
        here, next_ = (np.subtract(*starts(each)) for each in (middle, middle + 1))
        more = (next_ < here) & (least < most)
        least = np.where(more, middle + 1, least)
        most = np.where(more, most, np.minimum(middle, most))
    below, highest = starts(least)
    if (below >= highest).any():
        return None
    return _Line(least, below, highest)
