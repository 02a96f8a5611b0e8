"""Pareto sums: foldings of all layers that fit together, the cheapest of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from operator import attrgetter, le

from ...fpga import Device, Resources
from ..units import Unit

__all__ = [
    "Choice",
    "cheapest",
    "fits",
    "most_flip_flops",
    "share",
    "smallest",
    "undercut",
    "worth",
]


@dataclass(frozen=True, eq=False)
class Choice:
    """A unit to choose.

    Attributes
    ----------
    unit : Unit
    cycles : int
        Between images, those that a reader takes for its outputs included.
    pace : int
        The same with the fastest logic behind its array.
    resources : Resources
    """

    unit: Unit
    cycles: int
    pace: int
    resources: Resources


def cheapest(
    choices: Sequence[Sequence[Choice]],
    interval: int,
    device: Device,
    fill: float,
    *,
    light: bool = False,
) -> list[Choice] | None:
    """One choice of each row within ``interval`` that fit together, the cheapest if there are.

    All sums of logic cells and memories that none beats in each are kept from row to row, so that
    whatever fits is found; sums of flip-flops and memories where these are what does not fit.

    Parameters
    ----------
    choices : sequence of sequence of Choice
        A row for each layer.
    interval : int
        Cycles between images.
    device : Device
    fill : float
        Share of the logic cells that may be used.
    light : bool
        Whether block RAM is a tenth of the price if most of these would be used.
    """
    sums = _sums(choices, interval, lambda total: _fits_but_flip_flops(total, device, fill))
    if not sums:
        return None
    most = most_flip_flops(device)
    kept = [item for item in sums if item[0].flip_flops <= most]
    sums = kept or _sums(
        choices, interval, lambda total: fits(total, device, fill), attrgetter("flip_flops")
    )
    if not sums:
        return None

    def best(share: float) -> tuple[Resources, tuple]:
        return min(sums, key=lambda item: worth(item[0], device, share))

    total, picked = best(1)
    if light and total.cells > _TIGHT * fill * device.lut:
        _, picked = best(0.1)
    return list(picked)


def worth(total: Resources, device: Device, share: float = 1) -> float:
    """What a plan is chosen by: its logic cells, and a price for each of its block RAMs.

    All block RAMs of a device together cost a quarter of its LUTs, or a share of that.
    """
    return total.cells + share * 0.25 * device.lut / device.bram * total.bram


_TIGHT = 0.8  # of the logic cells that may be used


def smallest(
    choices: Sequence[Sequence[Choice]], interval: float, device: Device, fill: float
) -> list[Choice]:
    """One choice of each row within ``interval``, with the least of the device.

    Parameters are those of :func:`cheapest`; there is a choice within ``interval`` in each row.
    """
    sums = _sums(choices, interval, lambda total: total.spram <= device.spram)
    sums = sums or _sums(choices, interval, lambda total: True)
    return list(min(sums, key=lambda item: share(item[0], device, fill))[1])


def share(total: Resources, device: Device, fill: float) -> float:
    """What a plan takes of a device: the sum of its shares of LUTs and of block RAMs."""
    return total.cells / (fill * device.lut) + total.bram / max(1, device.bram - 1)


def _sums(
    choices: Sequence[Sequence[Choice]],
    interval: float,
    accepts: Callable[[Resources], bool],
    size: Callable[[Resources], float] = attrgetter("cells"),
) -> list[tuple[Resources, tuple]]:
    """Sums of one choice of each row that none beats in size and memories, and the choices."""
    sums: list[tuple[Resources, tuple]] = [(Resources(), ())]
    for row in choices:
        within = _best([(each.resources, (each,)) for each in row if each.cycles <= interval], size)
        sums = _best(
            [
                (total, picked + choice)
                for so_far, picked in sums
                for resources, choice in within
                if accepts(total := so_far + resources)
            ],
            size,
        )
    return sums


def undercut(choices: Iterable[Choice]) -> list[Choice]:
    """Those that no other undercuts in cycles, logic cells and memories; of equals the first."""
    kept: list[Choice] = []
    for choice in sorted(choices, key=_figures):
        mine = _figures(choice)
        if not any(all(map(le, _figures(each), mine)) for each in kept):
            kept.append(choice)
    return kept


def _figures(choice: Choice) -> tuple[float, ...]:
    area = choice.resources
    return choice.cycles, area.cells, area.bram, area.spram


def fits(total: Resources, device: Device, fill: float) -> bool:
    """Whether a plan fits; one block RAM stays free for the board's serial line."""
    return _fits_but_flip_flops(total, device, fill) and total.flip_flops <= most_flip_flops(device)


def _fits_but_flip_flops(total: Resources, device: Device, fill: float) -> bool:
    fitting = total.cells <= fill * device.lut and total.bram < device.bram
    return fitting and total.spram <= device.spram


def most_flip_flops(device: Device) -> float:
    """Flip-flops that plans may take; slices share a clock enable, so that some stay empty.

    Where each takes a logic cell, that is the limit.
    """
    return 0.88 * device.ff if device.ff and not device.family.counts_bare_cells else inf


def _best(
    items: list[tuple[Resources, tuple]], size: Callable[[Resources], float]
) -> list[tuple[Resources, tuple]]:
    """Those that no other undercuts in size, in block RAMs and in single-port RAMs."""
    kept = []
    least: dict[int, float] = {}  # sizes of those that are kept, by their single-port RAMs
    for item in sorted(items, key=lambda item: (item[0].bram, size(item[0]), item[0].spram)):
        mine, spram = size(item[0]), item[0].spram
        if all(mine < there for few, there in least.items() if few <= spram):
            least[spram] = mine
            kept.append(item)
    return kept
