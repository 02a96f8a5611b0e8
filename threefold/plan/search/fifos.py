"""FIFOs before joins: their depths, from the schedules of both branches."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ...errors import PlanError
from ...progress import Progress, no_progress
from ..cycle_model.cycles import Cycles, Trace, trace
from ..netlist import joins, netlist
from ..units.unit import Unit

__all__ = ["fifo_depths"]

_MOST_BEATS = 1 << 20  # of a FIFO


def fifo_depths(units: Sequence[Unit], progress: Progress = no_progress) -> dict[str, int]:
    """Depths of FIFOs with which no branch slows the accelerator down, or stops it.

    While the longer branch computes its first outputs, the shorter one has to hold what will
    be joined to them, or the branches stall or deadlock. Depths are
    found with the cycle model: one after the other is made as small as latency and interval
    allow, and then as large as it takes for nothing to stop when words come late.

    Parameters
    ----------
    units : sequence of Unit
        In the order of the network.
    progress : callable
        Called with ``"FIFOs"`` and the share of them that is decided.

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
    ample = _ample(units)
    free = _trace(units, ample)
    # A FIFO refuses beats while it is full, even if one leaves: one more than was ever held.
    depths = {name: free.most[name] + 1 for name in ample}
    for index, (name, most) in enumerate(depths.items()):
        progress("FIFOs", index / len(depths))
        depths[name] = _least(partial(_keeps, units, depths, name, free.cycles), most)
    progress("FIFOs", 1.0)
    return _safe(units, depths, ample)


def _trace(units: Sequence[Unit], depths: Mapping[str, int], *, tight: bool = False) -> Trace:
    return trace(netlist(units, depths).stages, tight=tight)


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


def _ample(units: Sequence[Unit]) -> dict[str, int]:
    """Depths that deeper FIFOs would not be faster than, and that never stop for good.

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
    seen = _trace(units, depths)
    while True:
        if not seen.stuck and seen.cycles.interval <= fastest and not _stops(units, depths):
            return depths
        deeper = {name: 2 * depth for name, depth in depths.items()}
        more = _trace(units, deeper)
        gains = not more.stuck and (seen.stuck or more.cycles.interval < seen.cycles.interval)
        if not gains and not seen.stuck and not _stops(units, depths):
            return depths
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
    return _trace(units, depths, tight=True).stuck


def _keeps(
    units: Sequence[Unit], depths: dict[str, int], name: str, wanted: Cycles, depth: int
) -> bool:
    """Whether latency and interval stay with another depth of one FIFO."""
    seen = _trace(units, depths | {name: depth})
    if seen.stuck:
        return False
    return seen.cycles.latency <= wanted.latency and seen.cycles.interval <= wanted.interval
