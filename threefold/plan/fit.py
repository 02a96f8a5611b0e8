"""Choosing foldings: the fastest a board holds, or the smallest that keeps a rate."""

from collections.abc import Callable
from dataclasses import dataclass

from ..errors import PlanError
from ..network import Network
from .layer import Layer, lower
from .plan import Plan, fold, with_lanes
from .resources import Resources, estimate
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
    layers, argmax = lower(network)
    choices = []
    for index, layer in enumerate(layers):
        if progress:
            progress(index, len(layers))
        one_by_one = argmax and index == len(layers) - 1
        choices.append(_choices(layer, budget, layer.rows if one_by_one else 1))
    if progress:
        progress(len(layers), len(layers))
    intervals = [interval] if interval else sorted({c.cycles for row in choices for c in row})
    floor = max(min(choice.cycles for choice in row) for row in choices)
    picked = None
    for wanted in intervals:
        if wanted >= floor:
            picked = _pick(choices, wanted, budget)
        if picked:
            break
    if picked is None:
        raise _refusal(network, choices, intervals[-1], budget, floor, interval)
    return fold(network, {c.layer.name: c.folding for c in picked})


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
            cycles = max(engine.cycles, layer.rows // engine.lanes, floor)
            choices.append(_Choice(layer, folding, cycles, estimate([engine], budget.family)))
    return choices


def _pick(choices: list[list[_Choice]], interval: int, budget: Budget) -> list[_Choice] | None:
    """For each layer the cheapest folding within ``interval``, if they fit together.

    What is cheap depends on what runs short, so prices of a block RAM are tried from nothing
    to more LUTs than the device has for each.
    """
    for share in (0.25, 0.5, 1, 2, 4, 0, 16):
        price = share * budget.lut / budget.bram
        picked = [
            min(
                (choice for choice in row if choice.cycles <= interval),
                key=lambda c: (c.resources.lut + price * c.resources.bram, c.cycles),
            )
            for row in choices
        ]
        if _fits(picked, budget):
            return picked
    return None


def _fits(picked: list[_Choice], budget: Budget) -> bool:
    total = sum((choice.resources for choice in picked), Resources())
    # One block RAM stays free for the board's serial line.
    return total.lut <= budget.fill * budget.lut and total.bram < budget.bram


def _refusal(network, choices, interval, budget, floor, asked) -> PlanError:
    if asked and asked < floor:
        return PlanError(
            f"an interval of {asked} cycles is out of reach: {network.name!r} takes at least "
            f"{floor}"
        )
    cheapest = [min(row, key=lambda c: (c.resources.lut, c.resources.bram)) for row in choices]
    if asked:
        cheapest = [
            min((c for c in row if c.cycles <= interval), key=lambda c: c.resources.lut)
            for row in choices
        ]
    total = sum((choice.resources for choice in cheapest), Resources())
    return PlanError(
        f"{network.name!r} does not fit {budget.name}: it needs about {total.lut:,.0f} LUTs of "
        f"{budget.fill * budget.lut:,.0f} and {total.bram} block RAMs of {budget.bram - 1}; "
        f"choose a bigger board, a longer interval or a smaller network"
    )


def _divisors(number: int) -> list[int]:
    return [size for size in range(1, number + 1) if number % size == 0]
