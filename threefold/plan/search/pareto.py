"""Pareto sums: foldings of all layers that fit together, the cheapest of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...fpga import Device, Resources
from ..units import Unit

__all__ = ["Choice", "cheapest", "fits"]


@dataclass(frozen=True, eq=False)
class Choice:
    """A unit to choose.

    Attributes
    ----------
    unit : Unit
    cycles : int
        Between images, those that a reader takes for its outputs included.
    resources : Resources
    """

    unit: Unit
    cycles: int
    resources: Resources


def cheapest(
    choices: Sequence[Sequence[Choice]], interval: int, device: Device, fill: float
) -> list[Choice] | None:
    """One choice of each row within ``interval`` that fit together, the cheapest if there are.

    All sums of LUTs and block RAMs that none beats in both are kept from row to row, so that
    whatever fits is found.

    Parameters
    ----------
    choices : sequence of sequence of Choice
        A row for each layer.
    interval : int
        Cycles between images.
    device : Device
    fill : float
        Share of the LUTs that may be used.
    """
    sums = [(Resources(), ())]
    for row in choices:
        within = _best([(each.resources, (each,)) for each in row if each.cycles <= interval])
        sums = _best(
            [
                (total, picked + choice)
                for so_far, picked in sums
                for resources, choice in within
                if fits(total := so_far + resources, device, fill)
            ]
        )
    if not sums:
        return None
    price = 0.25 * device.lut / device.bram
    return list(min(sums, key=lambda item: item[0].cells + price * item[0].bram)[1])


def fits(total: Resources, device: Device, fill: float) -> bool:
    """Whether a plan fits; one block RAM stays free for the board's serial line."""
    fitting = total.cells <= fill * device.lut and total.bram < device.bram
    return fitting and total.spram <= device.spram


def _best(items: list[tuple[Resources, tuple]]) -> list[tuple[Resources, tuple]]:
    """Those that no other undercuts both in LUTs and in block RAMs."""
    kept = []
    for item in sorted(items, key=lambda item: (item[0].bram, item[0].cells)):
        if not kept or item[0].cells < kept[-1][0].cells:
            kept.append(item)
    return kept
