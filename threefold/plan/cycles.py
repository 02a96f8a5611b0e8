"""The cycle model: when images enter and leave, to the cycle, without simulating any data.

Predicted and simulated cycles are equal, not close: the model is made from the same list of
components as the hardware, and each of its stages does what the component's flow control does.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import PlanError
from ..network import INPUT
from .dataflow import dataflow
from .stages import encode

__all__ = ["Cycles", "Trace", "interval_of", "predict", "trace"]

MOST_IMAGES = 256
"""Images after which an accelerator that has not become periodic is averaged."""


@dataclass(frozen=True)
class Cycles:
    """Speed of an accelerator in clock cycles.

    Attributes
    ----------
    latency : int
        From the cycle in which the first word of an image enters the idle accelerator to the
        one in which its last output leaves.
    interval : float
        Between consecutive images when they follow each other without a gap.
    settled : int
        Images that leave before the distance between them is the steady one.
    period : int
        Images after which the distances repeat; almost always 1.
    """

    latency: int
    interval: float
    settled: int = 0
    period: int = 1

    @property
    def images(self) -> int:
        """Images in a row that it takes to measure the interval."""
        return self.settled + self.period + 1


@dataclass(frozen=True, eq=False)
class Trace:
    """What a run of the cycle model saw.

    Attributes
    ----------
    left : array of int64
        Cycles in which images have left, the first word entering in cycle 0.
    settled, period : int
        As in :class:`Cycles`.
    most : dict of str to int
        Largest number of beats in each FIFO, by the name of its part.
    stuck : bool
        Whether the accelerator stopped before all images had left.
    """

    left: np.ndarray
    settled: int
    period: int
    most: dict[str, int]
    stuck: bool

    @property
    def cycles(self) -> Cycles:
        """Latency and interval."""
        interval = interval_of(self.left.tolist(), self.settled, self.period)
        return Cycles(int(self.left[0]), interval, self.settled, self.period)


def trace(
    plans, argmax: bool, buffers: Mapping[str, int], images: int = 0, *, tight: bool = False
) -> Trace:
    """Let images through an accelerator whose source never pauses and whose sink never waits.

    Parameters
    ----------
    plans, argmax, buffers
        As in :func:`dataflow`.
    images : int
        Feed so many and wait for all of them; 0 to go on until the accelerator repeats itself.
    tight : bool
        Every pipeline holds a single result at a time. It may hold as few when words come
        late; whether branches stop for good depends on how much is held, and on nothing else
        of the timing, so that an accelerator that goes on like this never stops.
    """
    from .flow import run  # compiles itself, for which only predictions should wait

    parts, lanes = dataflow(plans, argmax, buffers)
    encoded = encode(parts)
    height, width, channels = _input_shape(plans)
    words = height * width * channels // lanes
    last = plans[-1]
    beats = last.step.pixels * (1 if argmax else last.step.channels // last.lanes)
    limit = images or MOST_IMAGES
    left, same, most = run(
        encoded.rows, encoded.tables, encoded.streams, beats, words, images, limit, tight
    )
    repeated = same >= 0 and not images
    settled = int(same) if repeated else len(left) // 2
    period = max(1, len(left) - 1 - settled)
    held = {name: int(most[place]) for name, place in encoded.fifos.items()}
    return Trace(left, settled, period, held, not repeated and len(left) < limit)


def predict(plans, argmax: bool, buffers: Mapping[str, int]) -> Cycles:
    """Latency and interval of an accelerator.

    Raises
    ------
    PlanError
        If it stops for good, because a branch waits for another that waits for it.
    """
    seen = trace(plans, argmax, buffers)
    if seen.stuck or (buffers and trace(plans, argmax, buffers, tight=True).stuck):
        raise PlanError(
            f"branches of this accelerator wait for each other for ever: make the buffers "
            f"{', '.join(sorted(buffers)) or 'of its joins'} deeper"
        )
    return seen.cycles


def interval_of(left: list[int], settled: int, period: int) -> float:
    """Steady distance of the cycles in which images leave; not a number for too few images.

    Parameters
    ----------
    left : list of int
    settled, period : int
        As in :class:`Cycles`.
    """
    periods = (len(left) - 1 - settled) // period
    if periods < 1:
        return float("nan")
    mean = (left[-1] - left[-1 - periods * period]) / (periods * period)
    return int(mean) if mean == int(mean) else mean


def _input_shape(plans) -> tuple[int, int, int]:
    """Shape of the accelerator's input."""
    step = next(plan.step for plan in plans if INPUT in plan.step.sources)
    return step.in_shape
