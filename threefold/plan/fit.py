"""Choosing foldings: the fastest a board holds, or the smallest that keeps a rate."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from ..errors import PlanError
from ..network import Network
from .layer import Layer, lower
from .plan import Plan, fold, with_lanes
from .resources import Resources, block_bits, estimate
from .schedule import Folding

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
    """

    name: str
    family: str
    lut: int
    bram: int
    fill: float = 0.75

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
        Called with the number of layers done and of all layers.

    Raises
    ------
    PlanError
        If nothing fits, or the interval cannot be kept within the budget.
    """
    if interval is not None and interval < 1:
        raise PlanError(f"an interval must be at least 1 cycle, not {interval}")
    layers, argmax = lower(network)
    _require_storage(network, layers, budget)
    choices = []
    for index, layer in enumerate(layers):
        if progress:
            progress(index, len(layers))
        one_by_one = argmax and index == len(layers) - 1
        choices.append(_choices(layer, budget, layer.rows if one_by_one else 1))
    if progress:
        progress(len(layers), len(layers))
    intervals = sorted({choice.cycles for row in choices for choice in row})
    if interval is not None:
        intervals = [wanted for wanted in reversed(intervals) if wanted <= interval]
    floor = max(min(choice.cycles for choice in row) for row in choices)
    # Layers that wait for each other miss intervals that each of them keeps alone.
    best = None
    for wanted in intervals:
        if wanted < floor or (best and wanted >= best.cycles.interval):
            continue
        plan = _plan(network, choices, wanted, budget)
        if plan is None or (interval is not None and plan.cycles.interval > interval):
            continue
        if interval is not None:
            return plan
        if best is None or plan.cycles.interval < best.cycles.interval:
            best = plan
    if best:
        return best
    raise _refusal(network, choices, budget, floor, interval)


def _require_storage(network: Network, layers: tuple[Layer, ...], budget: Budget) -> None:
    """Refuse at once what no folding makes small enough.

    A weight takes two bits of memory, or as a constant at least a LUT of its own.
    """
    needed = 2 * sum(np.count_nonzero(layer.weights) for layer in layers)
    there = block_bits(budget.family) * budget.bram + 16 * budget.lut
    if needed > there:
        raise PlanError(
            f"{network.name!r} does not fit {budget.name}: its weights that are not 0 take "
            f"{needed:,} bits, and there are {there:,} in block RAMs and LUTs; choose a bigger "
            f"board or a smaller network"
        )


@dataclass(frozen=True)
class _Choice:
    layer: Layer
    folding: Folding
    cycles: int
    resources: Resources


def _choices(layer: Layer, budget: Budget, floor: int) -> list[_Choice]:
    """All foldings of a layer; what follows takes ``floor`` cycles for its outputs."""
    choices = []
    for pe in _divisors(layer.rows):
        for simd in _divisors(layer.columns):
            folding = Folding(pe, simd)
            engine = with_lanes(layer, folding)
            words = engine.schedule.words  # enter one by one, even if all tiles are skipped
            cycles = max(engine.cycles, words, layer.rows // engine.lanes, floor)
            choices.append(_Choice(layer, folding, cycles, estimate([engine], budget.family)))
    return choices


def _plan(
    network: Network, choices: list[list[_Choice]], interval: int, budget: Budget
) -> Plan | None:
    """The cheapest plan within ``interval``, if one fits.

    Lanes depend on the neighbours, so that a plan can take a little more than its
    layers alone; then they have to fit into as much less.
    """
    limit = budget
    while picked := _pick(choices, interval, limit):
        plan = fold(network, {c.layer.name: c.folding for c in picked})
        total = estimate(plan.engines, budget.family)
        if _fits(total, budget):
            return plan
        cells = ceil(max(0, total.cells / budget.fill - budget.lut))
        blocks = max(0, total.bram + 1 - budget.bram)
        limit = replace(limit, lut=limit.lut - cells, bram=limit.bram - blocks)
        if limit.bram < 1:
            break
    return None


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
    cheapest = [
        min(
            (choice for choice in row if asked is None or choice.cycles <= asked),
            key=lambda c: (c.resources.cells, c.resources.bram),
        )
        for row in choices
    ]
    total = sum((choice.resources for choice in cheapest), Resources())
    if _fits(total, budget):
        return PlanError(
            f"an interval of {asked} cycles is out of reach on {budget.name}: the layers of "
            f"{network.name!r} wait for each other; choose a longer one"
        )
    lacking, cells = [], budget.fill * budget.lut
    if total.cells > cells:
        lacking.append(f"{total.cells:,.0f} LUTs of {cells:,.0f}")
    if total.bram >= budget.bram:
        lacking.append(f"{total.bram:,} block RAMs of {budget.bram - 1:,}")
    return PlanError(
        f"{network.name!r} does not fit {budget.name}: it needs about {' and '.join(lacking)}; "
        f"choose a bigger board, a longer interval or a smaller network"
    )


def _divisors(number: int) -> list[int]:
    return [size for size in range(1, number + 1) if number % size == 0]
