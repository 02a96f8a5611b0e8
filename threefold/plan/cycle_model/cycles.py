"""Cycles of an accelerator: latency and interval, to the cycle, without simulating any data.

Predicted and simulated cycles are equal, not close: the model is made from the same netlist as
the hardware, and each of its stages does what the flow control of a component does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import PlanError
from ...html import html_table
from .stages import Stages

__all__ = ["MOST_IMAGES", "Cycles", "Trace", "interval_of", "predict", "replay", "stops", "trace"]

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

    def _repr_html_(self) -> str:
        rows: list[list[object]] = [["latency", self.latency], ["interval", self.interval]]
        return html_table("Cycles", ("figure", "cycles"), rows)

    @property
    def images(self) -> int:
        """Images in a row that it takes to measure the interval."""
        return self.settled + self.period + 1


@dataclass(frozen=True, eq=False)
class Trace:
    """Observations of a run of the cycle model.

    Attributes
    ----------
    left : array of int64
        Cycles in which images have left, the first word entering in cycle 0.
    settled, period : int
        As in :class:`Cycles`.
    most : dict of str to int
        Largest number of beats in each FIFO, by its name.
    stuck : bool
        Whether the accelerator stopped before all images had left.
    late : bool
        Whether the last image to leave was due earlier.
    inside : int
        Largest number of images that had entered and not left.
    """

    left: np.ndarray
    settled: int
    period: int
    most: dict[str, int]
    stuck: bool
    late: bool = False
    inside: int = 0

    @property
    def cycles(self) -> Cycles:
        """Latency and interval."""
        interval = interval_of(self.left.tolist(), self.settled, self.period)
        return Cycles(int(self.left[0]), interval, self.settled, self.period)


def trace(
    stages: Stages,
    images: int = 0,
    *,
    tight: bool = False,
    starts: np.ndarray | None = None,
    due: np.ndarray | None = None,
    widths: Sequence[int] = (0,),
) -> Trace:
    """Let images through an accelerator whose sink never waits.

    Parameters
    ----------
    stages : Stages
    images : int
        Feed so many and wait for all of them; 0 to go on until the accelerator repeats itself, or
        :data:`MOST_IMAGES` have left.
    tight : bool
        Every pipeline holds a single result at a time. It may hold as few when words come
        late; whether branches stop for good depends on how much is held, and on nothing else
        of the timing, so that an accelerator that goes on like this never stops.
    starts : array of int, shape (MOST_IMAGES,), optional
        Cycles after the first word before which each image does not enter; a source that never
        pauses if left out.
    due : array of int, shape (MOST_IMAGES,), optional
        Cycles after the first word in which each image has to leave at the latest; the first that
        is late ends the trace.
    widths : sequence of int
        Widths of the network at which the images are computed, over and over; 0 is the whole. If
        they are several, the number of images is given.
    """
    from .flow import run  # compiles itself, for which only predictions should wait

    limit = images or MOST_IMAGES
    left, same, most, crowd = run(
        stages.widths,
        np.array(widths, np.int64),
        stages.tables,
        stages.streams,
        stages.o_beats,
        stages.i_beats,
        stages.inside,
        images,
        np.zeros(limit, np.int64) if starts is None else starts,
        np.full(limit, np.iinfo(np.int64).max) if due is None else due,
        tight,
    )
    repeated = same >= 0 and not images
    settled = int(same) if repeated else len(left) // 2
    period = max(1, len(left) - 1 - settled)
    held = {name: int(most[place]) for name, place in stages.fifos.items()}
    late = due is not None and len(left) > 0 and bool(left[-1] > due[len(left) - 1])
    stuck = not (repeated or late) and len(left) < limit
    return Trace(left, settled, period, held, stuck, late, int(crowd))


def replay(
    stages: Stages,
    offered: Sequence[bool],
    accepted: Sequence[bool],
    widths: Sequence[int] = (0,),
) -> tuple[list[int], list[int]]:
    """Cycles in which beats pass, from reset, where source and sink stall as given.

    Stalls need not make anything later. Where an activation buffer has a single port, words wait
    while a window is read; if that begins later, words before it enter sooner, and what waits for
    them goes on. So cycles without stalls are no bound for those with them, but given the stalls
    they are known as exactly.

    Parameters
    ----------
    stages : Stages
    offered, accepted : sequence of bool, shape (cycles,)
        Whether the source has a word in each cycle, and whether the sink takes a beat. As in any
        stream, the source keeps a word until it is taken.
    widths : sequence of int
        Widths of the network at which the images are computed, over and over; 0 is the whole.

    Returns
    -------
    entered, left : list of int
        Cycles, from 0, in which words enter, and in which beats leave.
    """
    from . import flow

    passed = flow.replay(
        stages.widths,
        np.array(widths, np.int64),
        stages.tables,
        stages.streams,
        stages.o_beats,
        stages.i_beats,
        stages.inside,
        np.array(offered, np.bool_),
        np.array(accepted, np.bool_),
        False,
    )
    entered, left = (np.flatnonzero(each).tolist() for each in passed)
    return entered, left


def stops(stages: Stages, widths: Sequence[int] = (0,)) -> bool:
    """Whether an accelerator may stop for good, however late words come and results are taken.

    An image needs no other to leave. Whatever lets two of them through one after the other lets
    through any number, since the second leaves all as the first did.

    Parameters
    ----------
    stages : Stages
    widths : sequence of int
        Widths of the network of these two images; 0 is the whole.
    """
    return trace(stages, 2, tight=True, widths=widths).stuck


def predict(stages: Stages, joins: Sequence[str] = (), width: int = 0) -> Cycles:
    """Latency and interval of an accelerator.

    Parameters
    ----------
    stages : Stages
    joins : sequence of str
        Names of the places where branches meet.
    width : int
        Width of the network at which all images are computed; 0 is the whole.

    Raises
    ------
    PlanError
        If it stops for good, because a branch waits for another that waits for it.
    """
    seen = trace(stages, widths=(width,))
    if seen.stuck or (joins and stops(stages, (width, width))):
        raise PlanError(
            f"branches of this accelerator deadlock: make the FIFOs "
            f"{', '.join(sorted(joins)) or 'of its joins'} deeper"
        )
    return seen.cycles


def interval_of(left: list[int], settled: int, period: int) -> float:
    """Initiation interval in steady state; not a number for too few images.

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
