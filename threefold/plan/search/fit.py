"""Fitting: foldings that a device holds, at the knee, the fastest, or those that keep a rate."""

import reprlib
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from math import ceil, inf, prod
from operator import attrgetter

import numpy as np

from ...errors import PlanError
from ...fpga import Device, Resources
from ...network import Network
from ...progress import Progress, no_progress
from ..layers import Layer, lower
from ..netlist import netlist
from ..plan import Plan
from ..schedule import Folding
from ..units import Unit, kind_for, kind_named
from .arrange import Fixed, arrange, check_fixed, fixed_decisions
from .choices import choices_for, elsewhere
from .fold import plan_of
from .front import Point, alternatives, front
from .pareto import Choice, cheapest, fits, share, smallest, worth
from .room import beyond, require_storage
from .runs import Run, choices_for_run, longest_run, runs_of

__all__ = ["fit"]

_NOTHING = Resources()


def fit(
    network: Network,
    device: Device,
    *,
    board: str = "",
    fill: float | None = None,
    interval: int | None = None,
    fastest: bool = False,
    foldings: Mapping[str, Folding | str] | None = None,
    sequential: Mapping[str, Folding | None] | None = None,
    loadable: bool = False,
    memories: Mapping[str, str] | None = None,
    forms: Mapping[str, str] | None = None,
    widths: Sequence[str] = (),
    kinds: Sequence[str] = (),
    progress: Progress = no_progress,
) -> Plan:
    """A plan that fits a device.

    Every layer gets the smallest array that keeps the interval. Unless one is given, the interval
    is that of the knee: logic cells times the square root of the interval are the fewest, so that
    four times the rate would take more than twice the logic cells. There arrays, whose logic grows
    with the rate, take as much as what is around them; a faster plan would mostly be arrays.

    Parameters
    ----------
    network : Network
    device : Device
    board : str
        Name of the board, if it is for one; messages name the device otherwise.
    fill : float
        Share of the logic cells that the plan may use; that of :attr:`Family.fill` if left out.
    interval : int
        Cycles between images to keep; those of the knee if left out.
    fastest : bool
        Whether to take as few cycles between images as fit, instead of those of the knee.
    foldings, memories, forms : mapping of str to Folding or str
        Decisions that are taken already, for some of the layers; as in :func:`fold`.
    sequential : mapping of str to Folding or None
        Layers that one array takes in turn, as in :func:`fold`; None where the array is chosen.
        Left out, as many layers as can take turns if nothing else fits, and no interval is asked
        for; with an empty mapping, none.
    loadable : bool
        Whether contents of an array of layers in turn come from outside: the one that is asked for,
        or that of the longest run of layers there is.
    widths : sequence of str
        Narrower widths of the network that the hardware computes as well, image by image; rates and
        intervals are those of the whole network.
    kinds : sequence of str
        Kinds of units to try for each layer besides engines: ``"unrolled"``, ``"serial"``,
        ``"stationary"``.
    progress : callable
        Called with what is being done and the share of it.

    Raises
    ------
    PlanError
        If nothing fits, the interval cannot be kept on the device, an interval is given and the
        fastest asked for, a decision is for nothing there is, or no unit is of such a kind.
    """
    if not isinstance(device, Device):
        raise PlanError(
            f"fit takes a device, such as boards.get('icebreaker').device, "
            f"not {reprlib.repr(device)}"
        )
    if interval is not None and not isinstance(interval, int | np.integer):
        raise PlanError(f"an interval is a whole number of cycles, not {reprlib.repr(interval)}")
    if interval is not None and interval < 1:
        raise PlanError(f"an interval must be at least 1 cycle, not {interval}")
    if interval is not None and fastest:
        raise PlanError(f"the fastest plan has no interval to keep; leave {interval} out")
    fill = device.family.fill if fill is None else fill
    if not 0 < fill <= 1:
        raise PlanError(
            f"the share of logic cells to use must be above 0 and at most 1, not {fill}"
        )
    for each in kinds:
        kind_named(each)
    layers = lower(network, widths)
    fixed = fixed_decisions(foldings, memories, forms)
    runs = runs_of(layers, sequential, fixed, loadable=loadable)
    check_fixed(layers, fixed, runs)
    device.check_memories(memories or {}, board)
    title = board or device.name
    require_storage(network, layers, device, title)

    def plan_with(runs: Sequence[Run]) -> Plan:
        rows = _choices(layers, runs, device, fixed, kinds, progress)
        search = _Search(network, layers, rows, fixed, device, title, fill, progress)
        if interval is not None:
            plan = search.within(interval)
        else:
            plan = search.fastest() if fastest else search.knee()
        others = alternatives(search.front, plan, device, fill)
        return replace(plan, board=board, alternatives=others, widths=tuple(widths))

    try:
        return plan_with(runs)
    except PlanError:
        tries = sequential is None and interval is None and not loadable
        run = longest_run(layers) if tries else None
        if run is None or any(layer.name in fixed for layer in run.layers):
            raise
        with suppress(PlanError):
            return plan_with([run])
        raise


def _choices(
    layers: Sequence[Layer],
    runs: Sequence[Run],
    device: Device,
    fixed: Fixed,
    kinds: Sequence[str],
    progress: Progress,
) -> list[list[Choice]]:
    """Choices for each run, and for each other layer that has an array."""
    rows = [choices_for_run(run, device, progress) for run in runs]
    together = {layer.name for run in runs for layer in run.layers}
    others = [layer for layer in layers if layer.name not in together]
    arrays = [layer for layer in others if not kind_for((layer,)).paced]
    for index, layer in enumerate(arrays):
        progress("foldings", index / len(arrays))
        rows.append(choices_for(layer, layers, device, fixed, kinds))
    progress("foldings", 1.0)
    return rows


@dataclass(frozen=True, eq=False)
class _Search:
    """Among the choices for each layer that has an array, a row each."""

    network: Network
    layers: tuple[Layer, ...]
    choices: list[list[Choice]]
    fixed: Fixed
    device: Device
    board: str
    fill: float
    progress: Progress

    @cached_property
    def placed(self) -> list[list[Choice]]:
        """The same choices, and those with activation buffers elsewhere than in block RAM."""
        kinds = ("lut", "spram") if self.device.spram else ("lut",)
        return [elsewhere(row, kinds, self.fixed, self.device) for row in self.choices]

    @property
    def floor(self) -> int:
        """Cycles that the slowest layer takes at least."""
        return max((min(c.cycles for c in row) for row in self.choices), default=1)

    @property
    def intervals(self) -> list[int]:
        """Intervals to try, ascending: those of arrays, and of slow requantizers if longer.

        A requantizer that is slower than its array is worth a try with the intervals of others;
        with its own, if no array of the layer is as slow.
        """
        cycles: set[int] = set()
        for row in self.choices:
            slowest = max(choice.pace for choice in row)
            cycles.update(choice.pace for choice in row)
            cycles.update(choice.cycles for choice in row if choice.cycles > slowest)
        return sorted(number for number in cycles if number >= self.floor) or [1]

    @cached_property
    def front(self) -> list[Point]:
        """What speed takes, without FIFOs before joins."""
        return front(self.intervals, self._alone, self.device.family)

    def _alone(self, interval: int) -> tuple[Unit, ...] | None:
        return self.pick(interval, interval)

    def knee(self) -> Plan:
        """The plan that takes the fewest logic cells times the square root of the interval."""
        return self._first(point.asked for point in sorted(self.front, key=attrgetter("effort")))

    def fastest(self) -> Plan:
        """The plan with the shortest interval that fits: whoever is slower takes less."""
        intervals = self.intervals
        low = bisect_left(intervals, True, key=lambda each: self._alone(each) is not None)
        return self._first(intervals[low:])

    def _first(self, intervals: Iterable[int]) -> Plan:
        """The plan of the first interval of some at which one fits; else the smallest of all."""
        for interval in intervals:
            plan = self.plan(self._alone(interval))
            if plan is None:
                continue
            if plan.cycles.interval > interval:  # something else is slower
                with suppress(PlanError):
                    return self.within(plan.cycles.interval)
            return plan
        if plan := self.plan(self.smallest(inf)):
            return plan
        raise self.refusal(None)

    def within(self, interval: float) -> Plan:
        """The cheapest plan that keeps an interval.

        Where kinds of units are tried that are not tried by themselves, that without them may be
        cheaper: units of unlike kinds wait for each other more often.
        """
        usual = [
            [
                choice
                for choice in row
                if choice.unit.proposed or "kind" in self.fixed.get(choice.unit.name, {})
            ]
            for row in self.choices
        ]
        searches = [self]
        if usual != self.choices and all(usual):
            searches.append(replace(self, choices=usual))
        plans = []
        for search in searches:
            with suppress(PlanError):
                plans.append(search._within(interval))
        if not plans:
            raise self.refusal(interval)
        family = self.device.family
        return min(plans, key=lambda plan: worth(plan.resources(family), self.device))

    def _within(self, interval: float) -> Plan:
        """The cheapest plan that keeps an interval, of all choices.

        Layers that wait for each other miss intervals that each of them keeps alone.
        """
        for wanted in reversed([number for number in self.intervals if number <= interval]):
            units = self.pick(wanted, interval, asked=True)
            plan = self.plan(units)
            if units and plan is None:
                plan = self.plan(self.pick(wanted, interval, self._joining(units), asked=True))
            if plan is None:
                break
            if plan.cycles.interval <= interval:
                return plan
        raise self.refusal(interval)

    def plan(self, units: tuple[Unit, ...] | None) -> Plan | None:
        """The plan of units, if that fits with the FIFOs before joins as well."""
        if units is None:
            return None
        plan = plan_of(self.network, units, self.progress, partial(self._holds, units))
        return plan if self._holds(units, plan.buffers) else None

    def _joining(self, units: tuple[Unit, ...]) -> Resources:
        """What the FIFOs before joins of some units take."""
        depths = plan_of(self.network, units, self.progress).buffers
        family = self.device.family
        fifos = [
            each.block for each in netlist(units, depths).instances if each.block.kind == "fifo"
        ]
        return sum((each.resources(family) for each in fifos), Resources())

    def _holds(self, units: tuple[Unit, ...], depths: Mapping[str, int]) -> bool:
        """Whether units and FIFOs of some depths fit."""
        total = netlist(units, depths).resources(self.device.family)
        return fits(total, self.device, self.fill)

    def pick(
        self,
        cycles: int,
        interval: float,
        beside: Resources = _NOTHING,
        *,
        asked: bool = False,
    ) -> tuple[Unit, ...] | None:
        """The cheapest units within ``cycles`` that fit ``beside`` what else there will be.

        Units without arrays keep what is asked.

        Single-port memories may slow a layer down to ``interval``. Where block RAMs run out,
        activation buffers that take few of them are elsewhere as well.
        """
        latest = interval if asked else inf
        pick = partial(self._pick, cycles=cycles, interval=interval, latest=latest, beside=beside)
        return pick(self.choices) or pick(self.placed)

    def _pick(
        self,
        choices: list[list[Choice]],
        cycles: int,
        interval: float,
        latest: float,
        beside: Resources,
    ) -> tuple[Unit, ...] | None:
        """The cheapest units among some choices.

        Lanes depend on the neighbours, so that a plan can take a little more than its layers alone;
        then they have to fit into as much less.
        """
        lut = self.device.lut - ceil(beside.cells / self.fill)
        device = limit = replace(self.device, lut=lut, bram=self.device.bram - beside.bram)
        while (
            limit.bram >= 1
            and (picked := cheapest(choices, cycles, limit, self.fill, light=latest < inf))
            is not None
        ):
            chosen = {choice.unit.name: choice.unit for choice in picked}
            # At several widths, what is behind arrays keeps up with the narrowest if that fits.
            for narrow in (True, False) if self._several else (False,):
                arranged = self._arranged(chosen, latest, narrow=narrow)
                units = self._in_single_ports(arranged, interval)
                total = _total(units, self.device)
                if fits(total, device, self.fill):
                    return units
            cells = ceil(max(0, total.cells / self.fill - device.lut))
            blocks = max(0, total.bram + 1 - device.bram)
            limit = replace(limit, lut=limit.lut - cells, bram=limit.bram - blocks)
        return None

    def smallest(self, interval: float) -> tuple[Unit, ...]:
        """Units within an interval that take the least, whether they fit or not."""
        arranged = []
        for choices in (self.choices, self.placed):
            picked = smallest(choices, interval, self.device, self.fill)
            units = self._arranged({choice.unit.name: choice.unit for choice in picked}, interval)
            arranged.append(self._in_single_ports(units, interval))
        shares = [share(_total(units, self.device), self.device, self.fill) for units in arranged]
        return arranged[shares.index(min(shares))]

    @property
    def _several(self) -> bool:
        """Whether the network is computed at several widths."""
        return any(layer.widths for layer in self.layers)

    def _arranged(
        self, chosen: dict[str, Unit], asked: float, *, narrow: bool = False
    ) -> tuple[Unit, ...]:
        """All units, for arrays and forms of requantizers as chosen.

        If ``narrow``, forms are chosen anew, for what keeps up with the narrowest width.
        """
        intervals = [unit.narrow_pace if narrow else unit.interval for unit in chosen.values()]
        slowest = max(intervals, default=prod(self.layers[0].inputs[0].shape))
        fixed = dict(self.fixed)
        for name, unit in chosen.items() if not narrow else ():
            forms = {what: form for what, form in unit.decisions().items() if what == "form"}
            fixed[name] = {**fixed.get(name, {}), **forms}
        return arrange(self.layers, chosen, fixed, min(slowest, asked))

    def _in_single_ports(self, units: tuple[Unit, ...], interval: float) -> tuple[Unit, ...]:
        """The largest activation buffers moved to single-port RAM, where the interval stays."""
        family = self.device.family
        left = self.device.spram - sum(unit.resources(family).spram for unit in units)
        open_ = {
            unit.name: unit.activation_buffer
            for unit in units
            if unit.activation_buffer
            and unit.activation_buffer.memory == "auto"
            and "spram" in unit.memories
            and "memory" not in self.fixed.get(unit.name, {})
        }
        blocks = {
            name: each.banks * family.block_rams(each.bits, each.words // each.banks)
            for name, each in open_.items()
        }
        moved = {unit.name: unit for unit in units}
        for name in sorted(blocks, key=lambda name: -blocks[name]) if left > 0 else ():
            buffer = open_[name]
            ports = family.single_ports(buffer.bits, buffer.words // buffer.banks)
            needed = buffer.banks * ports
            slower = moved[name].placed({"memory": "spram"})
            if blocks[name] >= 4 and needed <= left and slower.interval <= interval:
                moved[name] = slower
                left -= needed
        return tuple(moved.values())

    def refusal(self, asked: float | None) -> PlanError:
        """Why nothing fits."""
        network, board, device = self.network.name, self.board, self.device
        given = " with these choices" if self.fixed else ""
        if asked and asked < self.floor:
            return PlanError(
                f"an interval of {asked} cycles is out of reach{given}: {network!r} takes at "
                f"least {self.floor}"
            )
        units = self.smallest(inf if asked is None else asked)
        total = _total(units, device)
        if fits(total, device, self.fill) and not asked:  # but for its FIFOs
            total = plan_of(self.network, units, self.progress).resources(device.family)
        if fits(total, device, self.fill):
            return PlanError(
                f"an interval of {asked} cycles is out of reach on {board}{given}: the layers of "
                f"{network!r} wait for each other, or take too much together; choose a longer one"
            )
        others = "others, " if given else ""
        least = _total(self.smallest(inf), device)
        slower = share(least, device, self.fill) < share(total, device, self.fill)
        return PlanError(
            f"{network!r} does not fit {board}{given}: it needs about "
            f"{beyond(total, device, self.fill)}; "
            f"choose {others}a bigger board{', a longer interval' if slower else ''} or a smaller "
            f"network"
        )


def _total(units: tuple[Unit, ...], device: Device) -> Resources:
    """What units and what connects them take, without FIFOs before joins."""
    return netlist(units, {}).resources(device.family)
