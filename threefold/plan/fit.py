"""Choosing foldings: the fastest a board holds, or the smallest that keeps a rate."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from ..errors import PlanError
from ..network import Network
from .area import Resources, block_bits, block_rams, single_ports
from .engine import StepPlan
from .layer import Layer
from .lower import lower
from .plan import Plan, arrange, fold, with_lanes
from .resources import estimate
from .schedule import Folding, divisors

__all__ = ["Budget", "fit"]


@dataclass(frozen=True)
class Budget:
    """What an accelerator may take of a device.

    Parameters
    ----------
    name : str
        Of the board, for messages.
    family : str
        ``"ice40"`` or ``"ecp5"``.
    lut, bram : int
        Look-up tables and block RAMs there are.
    fill : float
        Share of the LUTs that plans may use; the rest is for the board's own logic, for
        what the estimate misses, and for routing.
    spram : int
        Single-port RAMs of 256 kbit, which large activation buffers go to.
    """

    name: str
    family: str
    lut: int
    bram: int
    fill: float = 0.75
    spram: int = 0

    def require_room(self, needed: Resources) -> None:
        """Raise if a plan is too big for the device, whatever the estimate is off by.

        Raises
        ------
        PlanError
            If it takes a third more LUTs than there are, or more block RAMs and a few.
        """
        if needed.lut * 3 > self.lut * 4 or needed.bram > self.bram + 3:
            raise PlanError(
                f"these foldings need about {needed.lut:,.0f} of {self.lut:,} LUTs and "
                f"{needed.bram} of {self.bram} block RAMs on {self.name}; choose smaller PE/SIMD"
            )
        if needed.spram > self.spram:
            raise PlanError(
                f"these memories need {needed.spram} of {self.spram} single-port RAMs on "
                f"{self.name}; choose another for some buffers"
            )


def fit(
    network: Network,
    budget: Budget,
    *,
    interval: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Plan:
    """A plan that fits a budget.

    Every layer gets the smallest array that keeps the interval, and the interval is the
    shortest at which all of them fit together, unless one is given.

    Parameters
    ----------
    network : Network
    budget : Budget
    interval : int
        Cycles between images to keep; as few as fit if left out.
    progress : callable
        Called with the number of layers and of buffers before joins that are done, and of all.

    Raises
    ------
    PlanError
        If nothing fits, or the interval cannot be kept within the budget.
    """
    if interval is not None and interval < 1:
        raise PlanError(f"an interval must be at least 1 cycle, not {interval}")
    steps, argmax = lower(network)
    layers = tuple(step for step in steps if isinstance(step, Layer))
    _require_storage(network, layers, budget)
    branches = sum(len(step.sources) for step in steps if len(step.sources) > 1)
    choices, parts = [], len(layers) + branches
    for index, layer in enumerate(layers):
        if progress:
            progress(index, parts)
        one_by_one = argmax and index == len(layers) - 1
        choices.append(_choices(layer, budget, layer.rows if one_by_one else 1))
    further = progress and (lambda done, _: progress(len(layers) + done, parts))
    search = _Search(network, steps, argmax, choices, budget, further)
    plan = search.within(interval) if interval is not None else search.fastest()
    if progress:
        progress(parts, parts)
    return plan


@dataclass(frozen=True, eq=False)
class _Choice:
    layer: Layer
    folding: Folding
    cycles: int
    resources: Resources


@dataclass(frozen=True, eq=False)
class _Search:
    """Among the choices for each layer."""

    network: Network
    steps: tuple
    argmax: bool
    choices: list[list[_Choice]]
    budget: Budget
    progress: Callable[[int, int], None] | None

    @property
    def floor(self) -> int:
        """Cycles that the slowest layer takes at least."""
        return max((min(c.cycles for c in row) for row in self.choices), default=1)

    @property
    def intervals(self) -> list[int]:
        """Intervals that some choice has and no layer misses, ascending."""
        cycles = {choice.cycles for row in self.choices for choice in row}
        return sorted(number for number in cycles if number >= self.floor) or [1]

    def fastest(self) -> Plan:
        """The plan with the shortest interval that fits: whoever is slower takes less."""
        intervals = self.intervals
        low, high = 0, len(intervals)
        while low < high:
            middle = (low + high) // 2
            if self.pick(intervals[middle], intervals[middle]) is None:
                low = middle + 1
            else:
                high = middle
        for interval in intervals[low:]:
            plan = self.plan(self.pick(interval, interval))
            if plan is None:
                continue
            if plan.cycles.interval > interval:  # something else is slower
                with suppress(PlanError):
                    return self.within(plan.cycles.interval)
            return plan
        raise self.refusal(None)

    def within(self, interval: int) -> Plan:
        """The cheapest plan that keeps an interval.

        Layers that wait for each other miss intervals that each of them keeps alone.
        """
        for wanted in reversed([number for number in self.intervals if number <= interval]):
            plan = self.plan(self.pick(wanted, interval))
            if plan is None:
                break
            if plan.cycles.interval <= interval:
                return plan
        raise self.refusal(interval)

    def plan(self, picked: tuple[dict[str, Folding], dict[str, str]] | None) -> Plan | None:
        """The plan of what was picked, if that fits with the buffers before joins as well."""
        if picked is None:
            return None
        foldings, memories = picked
        plan = fold(self.network, foldings, memories=memories, progress=self.progress)
        total = estimate(plan.steps, self.budget.family, plan.buffers)
        return plan if _fits(total, self.budget) else None

    def pick(self, cycles: int, interval: int) -> tuple[dict[str, Folding], dict[str, str]] | None:
        """The cheapest foldings within ``cycles`` whose plan fits, and memories of buffers.

        Single-port memories may slow a layer down to ``interval``.
        Lanes depend on the neighbours, so that a plan can take a little more than its
        layers alone; then they have to fit into as much less.
        """
        limit = self.budget
        while (picked := _pick(self.choices, cycles, limit)) is not None:
            foldings = {choice.layer.name: choice.folding for choice in picked}
            plans = arrange(self.steps, foldings, self.argmax)
            memories = _single_ports(plans, interval, self.budget)
            plans = [replace(p, memory="spram") if p.name in memories else p for p in plans]
            total = estimate(plans, self.budget.family)
            if _fits(total, self.budget):
                return foldings, memories
            cells = ceil(max(0, total.cells / self.budget.fill - self.budget.lut))
            blocks = max(0, total.bram + 1 - self.budget.bram)
            limit = replace(limit, lut=limit.lut - cells, bram=limit.bram - blocks)
            if limit.bram < 1:
                break
        return None

    def refusal(self, asked: int | None) -> PlanError:
        """Why nothing fits."""
        return _refusal(self.network, self.choices, self.budget, self.floor, asked)


def _single_ports(plans, interval: int, budget: Budget) -> dict[str, str]:
    """The buffers that go to single-port RAM: the largest, where the interval stays."""
    buffers = [plan for plan in plans if not isinstance(plan, StepPlan)]
    blocks = {p.name: block_rams(p.word_bits, p.depth, budget.family) for p in buffers}
    chosen, left = {}, budget.spram
    for plan in sorted(buffers, key=lambda plan: -blocks[plan.name]):
        needed = single_ports(plan.word_bits, plan.depth)
        slower = replace(plan, memory="spram")
        if blocks[plan.name] >= 4 and needed <= left and slower.cycles <= interval:
            chosen[plan.name] = "spram"
            left -= needed
    return chosen


def _require_storage(network: Network, layers: tuple[Layer, ...], budget: Budget) -> None:
    """Refuse at once what no folding makes small enough.

    At best, the sign of each weight that is not 0 is stored.
    """
    needed = sum(np.count_nonzero(layer.weights) for layer in layers)
    there = block_bits(budget.family) * budget.bram + 16 * budget.lut
    if needed > there:
        raise PlanError(
            f"{network.name!r} does not fit {budget.name}: its weights that are not 0 take "
            f"{needed:,} bits, and there are {there:,} in block RAMs and LUTs; choose a bigger "
            f"board or a smaller network"
        )


def _choices(layer: Layer, budget: Budget, floor: int) -> list[_Choice]:
    """All foldings of a layer; what follows takes ``floor`` cycles for its outputs."""
    choices = []
    for pe in divisors(layer.rows):
        for simd in divisors(layer.depth):
            folding = Folding(pe, simd)
            if not folding.divides(layer):
                continue
            engine = with_lanes(layer, folding)
            cycles = max(engine.cycles, floor)
            choices.append(_Choice(layer, folding, cycles, estimate([engine], budget.family)))
    return choices


def _pick(choices: list[list[_Choice]], interval: int, budget: Budget) -> list[_Choice] | None:
    """Foldings of all layers within ``interval`` that fit together, the cheapest if there are.

    All sums of LUTs and block RAMs that none beats in both are kept from layer to layer, so
    that whatever fits is found.
    """
    sums = [(Resources(), ())]
    for row in choices:
        within = _best([(c.resources, (c,)) for c in row if c.cycles <= interval])
        sums = _best(
            [
                (total, picked + choice)
                for so_far, picked in sums
                for resources, choice in within
                if _fits(total := so_far + resources, budget)
            ]
        )
    if not sums:
        return None
    price = 0.25 * budget.lut / budget.bram
    return list(min(sums, key=lambda item: item[0].cells + price * item[0].bram)[1])


def _best(items: list[tuple[Resources, tuple]]) -> list[tuple[Resources, tuple]]:
    """Those that no other undercuts both in LUTs and in block RAMs."""
    kept = []
    for item in sorted(items, key=lambda item: (item[0].bram, item[0].cells)):
        if not kept or item[0].cells < kept[-1][0].cells:
            kept.append(item)
    return kept


def _fits(total: Resources, budget: Budget) -> bool:
    # One block RAM stays free for the board's serial line.
    return total.cells <= budget.fill * budget.lut and total.bram < budget.bram


def _refusal(network, choices, budget, floor, asked) -> PlanError:
    if asked and asked < floor:
        return PlanError(
            f"an interval of {asked} cycles is out of reach: {network.name!r} takes at least "
            f"{floor}"
        )
    cells = budget.fill * budget.lut
    total = Resources()
    for row in choices:
        within = [choice.resources for choice in row if asked is None or choice.cycles <= asked]
        total += min(within, key=lambda r: r.cells / cells + r.bram / budget.bram)
    lacking = []
    if total.cells > cells:
        lacking.append(f"{total.cells:,.0f} LUTs of {cells:,.0f}")
    if total.bram >= budget.bram:
        lacking.append(f"{total.bram:,} block RAMs of {budget.bram - 1:,}")
    if not lacking and asked:
        return PlanError(
            f"an interval of {asked} cycles is out of reach on {budget.name}: the layers of "
            f"{network.name!r} wait for each other, or take too much together; choose a longer one"
        )
    if not lacking:
        lacking = [f"more than {cells:,.0f} LUTs or {budget.bram - 1:,} block RAMs"]
    return PlanError(
        f"{network.name!r} does not fit {budget.name}: it needs about {' and '.join(lacking)}; "
        f"choose a bigger board, a longer interval or a smaller network"
    )
