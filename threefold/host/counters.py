"""Counters of what went over the line of a board."""

from dataclasses import dataclass, fields

__all__ = ["Counters"]


@dataclass
class Counters:
    """Counters of what went over a line.

    Attributes
    ----------
    images : int
        Images answered.
    sent : int
        Frames of images that were sent, several for an image that was lost.
    aborted : int
        Results that the board aborted, as their images were damaged on their way.
    bad : int
        Frames from the board whose CRC did not match.
    strange : int
        Frames from the board that nobody waited for.
    lost : int
        Images and questions that stayed without an answer, and were sent again.
    late : int
        Times that no result came for too long, whether or not it was lost.
    """

    images: int = 0
    sent: int = 0
    aborted: int = 0
    bad: int = 0
    strange: int = 0
    lost: int = 0
    late: int = 0

    @property
    def faults(self) -> int:
        """All of them that are neither images answered nor sent."""
        return self.aborted + self.bad + self.strange + self.lost + self.late

    def __str__(self):
        return ", ".join(f"{getattr(self, each.name):,} {each.name}" for each in fields(self))
