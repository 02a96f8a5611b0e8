"""Alternative: what a faster or smaller plan of the same network would take."""

from dataclasses import dataclass

__all__ = ["Alternative"]


@dataclass(frozen=True)
class Alternative:
    """Plan among those that were looked at.

    Attributes
    ----------
    interval : float
        Cycles between images.
    cells : float
        Logic cells, estimated.
    bram : int
        Block RAMs, estimated.
    asked : int or None
        Interval to ask for to get it; None for the fastest.
    taken : bool
        Whether it is the plan itself. FIFOs before joins are found for that alone; the others are
        taken to need as many elements in theirs.
    """

    interval: float
    cells: float
    bram: int
    asked: int | None
    taken: bool = False
