"""Front of plans: the logic cells that speed takes, and the knee among them."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, sqrt

from ...fpga import Device, Family, Resources
from ..alternative import Alternative
from ..netlist import joins, netlist
from ..plan import Plan
from ..units import Unit
from .pareto import fits

__all__ = ["Point", "alternatives", "front"]

_STEP = 2**0.25  # between the intervals that are looked at first

Pick = Callable[[int], tuple[Unit, ...] | None]
"""The cheapest units within an interval; None if none fit."""


@dataclass(frozen=True, eq=False)
class Point:
    """The cheapest units that keep an interval.

    Parameters
    ----------
    asked : int
        The interval that they were chosen for.
    units : tuple of Unit
    family : Family
        Where they are to fit.
    """

    asked: int
    units: tuple[Unit, ...]
    family: Family

    @property
    def interval(self) -> int:
        """Cycles between images of the slowest unit, and of one that others would wait for."""
        return max(unit.smooth_interval for unit in self.units)

    @cached_property
    def cells(self) -> float:
        """Logic cells of the units and what connects them, without FIFOs before joins."""
        return netlist(self.units, {}).resources(self.family).cells

    @property
    def effort(self) -> float:
        """Logic cells times the square root of the interval, least at the knee.

        There, four times the rate would take more than twice the logic cells. Those of arrays grow
        with the rate, those around them do not: at the knee both are as many.
        """
        return self.cells * sqrt(self.interval)


def front(intervals: Sequence[int], pick: Pick, family: Family) -> list[Point]:
    """Points of which each slower one takes fewer logic cells, the fastest that fits first.

    They are four an octave, and all those beside the knee.

    Parameters
    ----------
    intervals : sequence of int
        Those to try, ascending.
    pick : callable
    family : Family
    """
    first = bisect_left(intervals, True, key=lambda interval: pick(interval) is not None)
    within = intervals[first:]
    spread: list[int] = []
    for place, interval in enumerate(within):
        if not spread or interval >= _STEP * within[spread[-1]] or place == len(within) - 1:
            spread.append(place)
    points = {place: _point(within[place], pick, family) for place in spread}
    made = {place: point for place, point in points.items() if point}
    if made:
        knee = spread.index(min(made, key=lambda place: made[place].effort))
        beside = range(spread[max(0, knee - 1)], spread[min(knee + 1, len(spread) - 1)] + 1)
        for place in beside:
            if place not in points and (point := _point(within[place], pick, family)):
                made[place] = point
    kept: list[Point] = []
    for _, point in sorted(made.items()):
        if not kept or point.cells < kept[-1].cells:
            kept.append(point)
    return kept


def _point(interval: int, pick: Pick, family: Family) -> Point | None:
    units = pick(interval)
    return Point(interval, units, family) if units else None


def alternatives(
    points: Sequence[Point], plan: Plan, device: Device, fill: float
) -> tuple[Alternative, ...]:
    """At most five plans from the fastest to the smallest, a given one among them.

    Parameters
    ----------
    points : sequence of Point
        Those of :func:`front`.
    plan : Plan
    device : Device
    fill : float
        Share of the logic cells that plans may use.
    """
    decided = [unit.decisions() for unit in plan.units]
    different = [each for each in points if [unit.decisions() for unit in each.units] != decided]
    totals = [(point, _with_fifos(point, plan)) for point in different]
    others = [
        Alternative(point.interval, total.cells, total.bram, point.asked)
        for point, total in totals
        if fits(total, device, fill)
    ]
    if others and others[0].interval < plan.cycles.interval:
        first = others[0]
        others[0] = Alternative(first.interval, first.cells, first.bram, None)
    faster = [each for each in others if each.interval < plan.cycles.interval]
    smaller = [each for each in others if each.interval > plan.cycles.interval]
    total = plan.resources(device.family)
    asked = int(plan.cycles.interval) if faster else None
    taken = Alternative(plan.cycles.interval, total.cells, total.bram, asked, taken=True)
    smaller = [each for each in smaller if each.cells < total.cells]
    return (*_ends(faster, 0.5, taken), taken, *_ends(smaller, 2, taken))


def _ends(others: list[Alternative], factor: float, taken: Alternative) -> list[Alternative]:
    """The one that is furthest from a plan, and the one nearest to a multiple of its interval."""
    if len(others) <= 2:
        return others
    wanted = factor * taken.interval
    inner = others[1:] if factor < 1 else others[:-1]
    near = min(inner, key=lambda each: max(each.interval / wanted, wanted / each.interval))
    return [others[0], near] if factor < 1 else [near, others[-1]]


def _with_fifos(point: Point, plan: Plan) -> Resources:
    """What a point takes with FIFOs before joins that hold as many elements as those of a plan."""
    lanes = [
        {
            f"{unit.name}.{index}": stream.lanes
            for unit in units
            for index, stream in enumerate(unit.inputs)
        }
        for units in (plan.units, point.units)
    ]
    depths = {
        name: ceil(plan.buffers[name] * lanes[0][name] / lanes[1][name])
        for name in joins(point.units)
    }
    return netlist(point.units, depths).resources(point.family)
