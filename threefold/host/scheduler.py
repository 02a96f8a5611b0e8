"""Scheduler: the width at which each image is computed, so that deadlines are met."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import DataError

__all__ = ["Scheduler"]


@dataclass(frozen=True)
class Scheduler:
    """Choice of widths for a queue of requests with deadlines.

    The first of the queue gets the widest network with which it is in time, unless a request behind
    it would be late that could be in time with the narrowest network from here on. Such choices
    under load are the idea of SuperServe (Khare et al., NSDI 2025), where images come in batches;
    here there is one after the other, and a switch costs nothing.

    Parameters
    ----------
    intervals : sequence of float
        Time from the start of an image to that of the next, for each width as a plan numbers them.
    latencies : sequence of float
        Time from the start of an image to its result, in the same unit.
    reserve : float
        Time that is kept for requests which are still to come: but for the narrowest, a network is
        picked as if everything were due so much earlier.

    Raises
    ------
    DataError
        If there is none, their numbers differ, or one is not positive.

    Examples
    --------
    >>> scheduler = Scheduler(intervals=[4, 1], latencies=[6, 2])
    >>> scheduler.pick(0, [10])
    0
    >>> scheduler.pick(0, [10, 5])
    1
    >>> scheduler.pick(0, [1]) is None
    True
    """

    intervals: Sequence[float]
    latencies: Sequence[float]
    reserve: float = 0

    def __post_init__(self):
        if not self.intervals or len(self.intervals) != len(self.latencies):
            raise DataError(
                f"every width has an interval and a latency, not {len(self.intervals)} and "
                f"{len(self.latencies)} of them"
            )
        for time in (*self.intervals, *self.latencies):
            if not time > 0:
                raise DataError(f"intervals and latencies must be above 0, not {time}")
        if not self.reserve >= 0:
            raise DataError(f"the time kept must be at least 0, not {self.reserve}")

    def pick(self, now: float, deadlines: Sequence[float]) -> int | None:
        """Width of the image that starts now.

        Parameters
        ----------
        now : float
            Time.
        deadlines : sequence of float
            Of the requests of the queue, in the order in which they start.

        Returns
        -------
        int or None
            None if the first one cannot be in time.
        """
        narrowest = min(range(len(self.intervals)), key=lambda width: self.intervals[width])
        step, last = self.intervals[narrowest], self.latencies[narrowest]
        room = float("inf")  # time until the second one has to start
        between = 0
        for deadline in deadlines[1:]:
            left = deadline - now - last - between * step
            if left >= step:  # else it is late whatever is picked, and takes no time
                room, between = min(room, left), between + 1
        widest = sorted(range(len(self.intervals)), key=lambda width: -self.intervals[width])
        for width in widest:
            kept = self.reserve if width != narrowest else 0
            in_time = now + self.latencies[width] <= deadlines[0] - kept
            if in_time and (width == narrowest or self.intervals[width] <= room - kept):
                return width
        return None
