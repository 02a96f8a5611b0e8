"""FIFOs before joins: their depths, from the schedules of both branches."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product

import numpy as np

from ...errors import PlanError
from ...progress import Progress, no_progress
from ..cycle_model.cycles import MOST_IMAGES, Trace, stops, trace
from ..netlist import joins, netlist
from ..units.unit import Unit

__all__ = ["any_depths", "fifo_depths"]

_MOST_BEATS = 1 << 20  # of a FIFO


def any_depths(depths: Mapping[str, int]) -> bool:
    """Room for FIFOs of any depths."""
    return True


def fifo_depths(
    units: Sequence[Unit],
    progress: Progress = no_progress,
    accepts: Callable[[Mapping[str, int]], bool] = any_depths,
) -> dict[str, int]:
    """Depths of FIFOs with which no branch slows the accelerator down, or stops it.

    While the longer branch computes its first outputs, the shorter one has to hold what will
    be joined to them, or the branches stall or deadlock. Depths are found with the cycle model:
    one after the other is made as small as makes no image late, and then as large as it takes for
    nothing to stop when words come late.

    Images enter an interval apart in these traces. A source that never pauses would fill what is
    before the slowest unit first, for many images. Images leave no later with it, so that latency
    and interval are those of larger FIFOs for it as well.

    Parameters
    ----------
    units : sequence of Unit
        In the order of the network.
    progress : callable
        Called with ``"FIFOs"`` and the share of them that is decided.
    accepts : callable
        Called with the depths that are known so far; whether there is room for them. Where there is
        none the search ends with these.

    Returns
    -------
    dict of str to int
        Beats by the names that :func:`~threefold.plan.netlist.joins` gives; 0 for none.

    Raises
    ------
    PlanError
        If no FIFOs keep the branches from a deadlock.
    """
    if not joins(units):
        progress("FIFOs", 1.0)
        return {}
    ample, seen = _ample(units)
    starts = _starts(int(seen.left[-1] - seen.left[-1 - seen.period]), seen.period)
    free = _trace(units, ample, starts=starts)
    paced = partial(_trace, units, starts=starts, due=_due(free))
    # A FIFO refuses beats while it is full, even if one leaves: one more than was ever held.
    depths = {name: free.most[name] + 1 for name in ample}
    known: dict[str, int] = {}
    for index, (name, most) in enumerate(depths.items()):
        progress("FIFOs", index / len(depths))
        known[name] = _least(partial(_keeps, paced, depths | known, name), most)
        if not accepts(known):
            break
    else:
        known = _safe(units, known, ample)
    progress("FIFOs", 1.0)
    return known


def _starts(span: int, period: int = 1) -> np.ndarray:
    """Cycles in which images enter, ``period`` of them in ``span`` cycles."""
    return np.arange(MOST_IMAGES) * span // period


def _due(seen: Trace) -> np.ndarray:
    """Cycles in which images leave if they go on as they did in a trace."""
    due = np.empty(MOST_IMAGES, np.int64)
    due[: len(seen.left)] = seen.left
    span = seen.left[-1] - seen.left[-1 - seen.period]
    for image in range(len(seen.left), MOST_IMAGES):
        due[image] = due[image - seen.period] + span
    return due


def _trace(units: Sequence[Unit], depths: Mapping[str, int], **options) -> Trace:
    return trace(netlist(units, depths).stages, **options)


def _steady(units: Sequence[Unit], depths: Mapping[str, int], interval: int) -> Trace:
    """Images an interval apart, if they leave so; otherwise from a source that never pauses."""
    stages = netlist(units, depths).stages
    alone = trace(stages, 1)
    if not alone.stuck:
        starts = _starts(interval)
        seen = trace(stages, starts=starts, due=alone.left[0] + starts)
        if not (seen.stuck or seen.late):
            return seen
    return trace(stages)


def _least(keeps: Callable[[int], bool], most: int) -> int:
    """The least depth that keeps latency and interval, ``most`` at most and mostly near it."""
    if keeps(0):
        return 0
    low, high = 0, most
    for depth in (most - 1, most - 2, most - 4, most - 8):
        if depth < 1:
            break
        if not keeps(depth):
            low = depth
            break
        high = depth
    return low + 1 + bisect_left(range(low + 1, high), True, key=keeps)


def _ample(units: Sequence[Unit]) -> tuple[dict[str, int], Trace]:
    """Depths that deeper FIFOs would not be faster than, and that never stop for good; a trace.

    Raises
    ------
    PlanError
        If there are none.
    """
    depths = {
        f"{unit.name}.{index}": 2 * tensor.size // unit.inputs[index].lanes
        for unit in units
        if len(unit.sources) > 1
        for index, tensor in enumerate(unit.in_tensors)
    }
    fastest = max(unit.interval for unit in units)
    seen = _steady(units, depths, fastest)
    while True:
        if not seen.stuck and seen.cycles.interval <= fastest and not _stops(units, depths):
            return depths, seen
        deeper = {name: 2 * depth for name, depth in depths.items()}
        more = _steady(units, deeper, fastest)
        gains = not more.stuck and (seen.stuck or more.cycles.interval < seen.cycles.interval)
        if not gains and not seen.stuck and not _stops(units, depths):
            return depths, seen
        if max(deeper.values()) > _MOST_BEATS:
            raise PlanError("branches of this accelerator deadlock")
        depths, seen = deeper, more


def _safe(units: Sequence[Unit], depths: dict[str, int], ample: dict[str, int]) -> dict[str, int]:
    """The least of depths between two sets with which nothing stops, however late words come."""
    if not _stops(units, depths):
        return depths
    safe = {name: max(depth, ample[name]) for name, depth in depths.items()}
    for name, depth in depths.items():
        goes_on = partial(_goes_on, units, safe, name)
        safe[name] = depth + bisect_left(range(depth, safe[name]), True, key=goes_on)
    return safe


def _goes_on(units: Sequence[Unit], depths: dict[str, int], name: str, depth: int) -> bool:
    """Whether nothing stops with another depth of one FIFO."""
    return not _stops(units, depths | {name: depth})


def _stops(units: Sequence[Unit], depths: dict[str, int]) -> bool:
    """Whether an accelerator may stop for good, whatever the widths of two images in a row."""
    made = netlist(units, depths)
    return any(stops(made.stages, each) for each in product(range(made.widths), repeat=2))


def _keeps(
    paced: Callable[[Mapping[str, int]], Trace], depths: dict[str, int], name: str, depth: int
) -> bool:
    """Whether no image is late with another depth of one FIFO."""
    seen = paced(depths | {name: depth})
    return not (seen.stuck or seen.late)
