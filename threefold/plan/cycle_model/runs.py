"""Runs: cycles until some images have left an accelerator that never waits."""

from .cycles import trace
from .stages import Stages

__all__ = ["run_cycles"]


def run_cycles(stages: Stages, images: int) -> int:
    """Cycles from the first word of the first of some images to the last output of the last.

    Parameters
    ----------
    stages : Stages
    images : int
        At least 1; they follow each other without a gap.
    """
    seen = trace(stages)
    left, first, period, last = seen.left, seen.settled, seen.period, images - 1
    if last < len(left):
        return int(left[last])
    rounds, place = divmod(last - first, period)
    return int(left[first + place] + rounds * (left[first + period] - left[first]))
