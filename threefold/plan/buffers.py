"""How deep the buffers before joins must be, from the schedules of both branches."""

from bisect import bisect_left
from collections.abc import Callable
from functools import partial
from math import prod

from ..errors import PlanError
from .cycles import Cycles, trace
from .dataflow import joins

__all__ = ["branch_buffers"]


def branch_buffers(
    plans, argmax: bool, progress: Callable[[int, int], None] | None = None
) -> dict[str, int]:
    """The smallest buffers with which no branch slows the accelerator down.

    While the longer branch computes its first outputs, the shorter one has to hold what will
    be joined to them; a beat too few and the branches wait for each other, for a while or for
    ever. Depths are found with the cycle model: one after the other is made as small as
    latency and interval allow.

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
    """
    steps = {plan.name: plan.step for plan in plans}
    lanes = {plan.name: plan.i_lanes for plan in plans}
    depths = {}
    for name in joins(plans):
        owner, index = name.rsplit(".", 1)
        depths[name] = 2 * prod(steps[owner].in_shapes[int(index)]) // lanes[owner]
    if not depths:
        return {}
    free = trace(plans, argmax, depths)
    if free.stuck:
        raise PlanError("branches of this accelerator wait for each other for ever")
    # A FIFO refuses beats while it is full, even if one leaves: one more than was ever held.
    depths = {name: free.most[f"buffer_{name.replace('.', '_')}"] + 1 for name in depths}
    for index, (name, most) in enumerate(depths.items()):
        if progress:
            progress(index, len(depths))
        keeps = partial(_keeps, plans, argmax, depths, name, free.cycles)
        if keeps(0):
            depths[name] = 0
        elif keeps(most - 2):  # rarely: mostly what was held is what is needed
            depths[name] = 1 + bisect_left(range(1, most - 2), True, key=keeps)
        else:
            depths[name] = most - 1 if keeps(most - 1) else most
    if progress:
        progress(len(depths), len(depths))
    return depths


def _keeps(plans, argmax: bool, depths: dict, name: str, wanted: Cycles, depth: int) -> bool:
    """Whether latency and interval stay with another depth of one buffer."""
    seen = trace(plans, argmax, depths | {name: depth})
    if seen.stuck:
        return False
    cycles = seen.cycles
    return cycles.latency <= wanted.latency and cycles.interval <= wanted.interval
