"""How deep the buffers before joins must be, from the schedules of both branches."""

from math import prod

from ..errors import PlanError
from .cycles import Cycles, Trace, trace
from .dataflow import joins

__all__ = ["branch_buffers"]


def branch_buffers(plans, argmax: bool) -> dict[str, int]:
    """The smallest buffers with which no branch slows the accelerator down.

    While the longer branch computes its first outputs, the shorter one has to hold what will
    be joined to them; a beat too few and the branches wait for each other, for a while or for
    ever. Depths are found with the cycle model: one after the other is made as small as
    latency and interval allow.

    Parameters
    ----------
    plans, argmax
        As in :func:`~threefold.plan.dataflow.dataflow`.

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
    most = {name: free.most[f"buffer_{name.replace('.', '_')}"] for name in depths}
    depths = {name: max(1, held) for name, held in most.items()}
    for name, held in most.items():
        if _keeps(trace(plans, argmax, depths | {name: 0}), free.cycles):
            depths[name] = 0
            continue
        low, high = 0, max(1, held)
        while high - low > 1:
            middle = (low + high) // 2
            if _keeps(trace(plans, argmax, depths | {name: middle}), free.cycles):
                high = middle
            else:
                low = middle
        depths[name] = high
    return depths


def _keeps(seen: Trace, wanted: Cycles) -> bool:
    if seen.stuck:
        return False
    cycles = seen.cycles
    return cycles.latency <= wanted.latency and cycles.interval <= wanted.interval
