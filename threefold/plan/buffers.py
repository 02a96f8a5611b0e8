"""How deep the buffers before joins must be, from the schedules of both branches."""

from bisect import bisect_left
from collections.abc import Callable
from functools import partial
from math import prod

from ..errors import PlanError
from .cycles import Cycles, trace
from .dataflow import fifo_name, joins

__all__ = ["branch_buffers"]

_MOST_BEATS = 1 << 20  # of a buffer


def branch_buffers(
    plans, argmax: bool, progress: Callable[[int, int], None] | None = None
) -> dict[str, int]:
    """Small buffers with which no branch slows the accelerator down, or stops it.

    While the longer branch computes its first outputs, the shorter one has to hold what will
    be joined to them, or the branches wait for each other, for a while or for ever. Depths are
    found with the cycle model: one after the other is made as small as latency and interval
    allow, and then as large as it takes for nothing to stop when words come late.

    Parameters
    ----------
    plans, argmax
        As in :func:`~threefold.plan.dataflow.dataflow`.
    progress : callable
        Called with the number of buffers that are decided and of all.

    Returns
    -------
    dict of str to int
        Beats by the names that :func:`~threefold.plan.dataflow.joins` gives; 0 for none.

    Raises
    ------
    PlanError
        If no buffers keep the branches from waiting for each other for ever.
    """
    if not joins(plans):
        return {}
    ample = _ample(plans, argmax)
    free = trace(plans, argmax, ample)
    # A FIFO refuses beats while it is full, even if one leaves: one more than was ever held.
    depths = {name: free.most[fifo_name(*_place(name))] + 1 for name in ample}
    for index, (name, most) in enumerate(depths.items()):
        if progress:
            progress(index, len(depths))
        depths[name] = _least(partial(_keeps, plans, argmax, depths, name, free.cycles), most)
    if progress:
        progress(len(depths), len(depths))
    return _safe(plans, argmax, depths, ample)


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


def _ample(plans, argmax: bool) -> dict[str, int]:
    """Buffers that deeper ones would not be faster than, and that never stop for good.

    Raises
    ------
    PlanError
        If there are none.
    """
    steps = {plan.name: plan for plan in plans}
    depths = {}
    for name in joins(plans):
        owner, index = _place(name)
        plan = steps[owner]
        depths[name] = 2 * prod(plan.step.in_shapes[int(index)]) // plan.i_lanes
    fastest = max(plan.cycles for plan in plans)
    seen = trace(plans, argmax, depths)
    while True:
        if not seen.stuck and seen.cycles.interval <= fastest and not _stops(plans, argmax, depths):
            return depths
        deeper = {name: 2 * depth for name, depth in depths.items()}
        more = trace(plans, argmax, deeper)
        gains = not more.stuck and (seen.stuck or more.cycles.interval < seen.cycles.interval)
        if not gains and not seen.stuck and not _stops(plans, argmax, depths):
            return depths
        if max(deeper.values()) > _MOST_BEATS:
            raise PlanError("branches of this accelerator wait for each other for ever")
        depths, seen = deeper, more


def _safe(plans, argmax: bool, depths: dict[str, int], ample: dict[str, int]) -> dict[str, int]:
    """The least of depths between two sets with which nothing stops, however late words come."""
    if not _stops(plans, argmax, depths):
        return depths
    safe = {name: max(depth, ample[name]) for name, depth in depths.items()}
    for name, depth in depths.items():
        goes_on = partial(_goes_on, plans, argmax, safe, name)
        safe[name] = depth + bisect_left(range(depth, safe[name]), True, key=goes_on)
    return safe


def _goes_on(plans, argmax: bool, depths: dict[str, int], name: str, depth: int) -> bool:
    """Whether nothing stops with another depth of one buffer."""
    return not _stops(plans, argmax, depths | {name: depth})


def _stops(plans, argmax: bool, depths: dict[str, int]) -> bool:
    return trace(plans, argmax, depths, tight=True).stuck


def _keeps(plans, argmax: bool, depths: dict, name: str, wanted: Cycles, depth: int) -> bool:
    """Whether latency and interval stay with another depth of one buffer."""
    seen = trace(plans, argmax, depths | {name: depth})
    if seen.stuck:
        return False
    cycles = seen.cycles
    return cycles.latency <= wanted.latency and cycles.interval <= wanted.interval


def _place(name: str) -> tuple[str, str]:
    """Step and input of a buffer."""
    step, index = name.rsplit(".", 1)
    return step, index
