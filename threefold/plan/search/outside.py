"""Plans whose weights come from a memory outside: what is in front of an array, and its sizes."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from ...errors import PlanError
from ...fpga import Device, Resources
from ...network import Network
from ...progress import Progress, no_progress
from ..layers import Layer, lower
from ..netlist import netlist
from ..plan import Plan
from ..schedule import Folding
from ..sequential import Feed, passes_of
from ..units import Unit, kind_for, kind_named
from ..units.sequential_cells import bank_resources
from ..units.streamed import StreamedUnit
from .arrange import Fixed, arrange, check_fixed, fixed_decisions
from .choices import choices_for
from .fold import plan_of
from .outside_arrays import ArraySize, TileCounts, array_sizes
from .pareto import Choice, cheapest, fits, share, smallest
from .room import beyond, require_storage
from .runs import Run, run_from, runs_of

__all__ = ["fit_outside"]

_FITTING = 3  # plans that fit, of which the best is taken
_MADE = 24  # arrays that are made at most
_MISSES = 5  # of them that do not fit, before all others with as many logic cells are left out
_WORTH = 1.05  # an estimate may be so many times the time of the best plan for another try
_AHEAD = 10  # part of an image's cycles in which it enters an array that has to wait for it


def fit_outside(
    network: Network,
    device: Device,
    feeds: Mapping[Feed, float],
    *,
    board: str = "",
    interval: int | None = None,
    foldings: Mapping[str, Folding | str] | None = None,
    sequential: Mapping[str, Folding | None] | None = None,
    memories: Mapping[str, str] | None = None,
    forms: Mapping[str, str] | None = None,
    kinds: Sequence[str] = (),
    progress: Progress = no_progress,
) -> Plan:
    """A plan of a streamed unit and what is around it, the fastest that fits a device.

    In front of the array is nothing, or up to the first layer with weights and the pools behind it,
    whichever is faster. Those layers take the next image while the array works on one.

    Parameters
    ----------
    network : Network
    device : Device
    feeds : mapping of Feed to float
        Memories that the weights may come from, or one at several clocks, and the frequency of the
        accelerator with each, in MHz.
    board : str
        Name of the board; messages name the device otherwise.
    interval : int
        Cycles between images to keep with the least logic; as many images a second as there may be
        if left out.
    foldings, memories, forms : mapping of str to Folding or str
        Decisions that are taken already, as for :func:`~threefold.plan.fold`.
    sequential : mapping of str to Folding or None
        The layers whose weights are outside, by ``"first..last"``, and the folding of their array
        or None, where it is chosen; both are chosen if left out.
    kinds : sequence of str
        Kinds of units to try besides engines for the other layers.
    progress : Progress
        Progress callback.

    Raises
    ------
    PlanError
        If nothing fits, the program is more than the memory holds, the interval cannot be kept, or
        a decision is for nothing there is or cannot be.
    """
    for each in kinds:
        kind_named(each)
    layers, fixed = lower(network), fixed_decisions(foldings, memories, forms)
    title = board or device.name
    runs = _runs(layers, sequential, fixed)
    search = _Search(network, layers, fixed, device, feeds, title, tuple(kinds), progress)
    made = search.plan(runs, interval)
    return replace(made, board=board)


def _runs(
    layers: Sequence[Layer], sequential: Mapping[str, Folding | None] | None, fixed: Fixed
) -> list[Run]:
    """The run that is asked for, or those that there may be."""
    if sequential:
        return runs_of(layers, sequential, fixed, loadable=True)
    runs, refusals = [], []
    for first in _firsts(layers):
        run = run_from(layers, first)
        if run is None:
            continue
        try:
            runs += runs_of(layers, {str(run): None}, fixed, loadable=True)
        except PlanError as error:
            refusals.append(error)
    if not runs and refusals:
        raise refusals[0]
    if not runs:
        raise PlanError("no array takes two of the layers in turn, so that no weights are outside")
    return runs


def _firsts(layers: Sequence[Layer]) -> Iterator[int]:
    """Places where an array may begin: ahead of the second layer with weights."""
    weighted = 0
    for place, layer in enumerate(layers):
        yield place
        weighted += not kind_for((layer,)).paced
        if weighted > 1:
            return


@dataclass(frozen=True, eq=False)
class _Search:
    network: Network
    layers: tuple[Layer, ...]
    fixed: Fixed
    device: Device
    feeds: Mapping[Feed, float]
    board: str
    kinds: tuple[str, ...]
    progress: Progress

    @property
    def fill(self) -> float:
        return self.device.family.fill

    def plan(self, runs: Sequence[Run], interval: int | None) -> Plan:
        """The best plan among those of the arrays that are best by estimate."""
        for run in runs:
            check_fixed(self.layers, self.fixed, [run])
        found: list[Plan] = []
        failed, made = _Failed(), 0
        for run, feed, size in self._ranked(runs, interval):
            if made == _MADE:
                break
            if any(n <= size.octave for n, count in failed.misses.items() if count >= _MISSES):
                continue
            self.progress("arrays for layers in turn", made / _MADE)
            made += 1
            if found and size.cycles / self.feeds[feed] > _WORTH * self._worth(found[0])[0]:
                break
            try:
                plan = self._planned(run, feed, size, failed)
            except PlanError as error:
                failed.errors.append(error)
                continue
            if plan is None:
                failed.misses[size.octave] += 1
            elif interval is None or plan.cycles.interval <= interval:
                found.append(plan)
            if len(found) == (_FITTING if interval is None else 1):
                break
        self.progress("arrays for layers in turn", 1.0)
        if found:
            return min(found, key=self._worth)
        raise self._refusal(interval, failed)

    def _ranked(
        self, runs: Sequence[Run], interval: int | None
    ) -> list[tuple[Run, Feed, ArraySize]]:
        """Arrays for each run: the fastest first, or the smallest first that may keep an interval.

        As the interval is estimated, those that may miss it by a little are among them.
        """
        found, tiles = [], TileCounts()
        for number, run in enumerate(runs):
            self.progress("sizes of arrays", number / len(runs))
            others = [layer for layer in self.layers if layer not in run.layers]
            require_storage(self.network, others, self.device, self.board)
            passes, limits = passes_of(run.layers), (self.device, self.fill, tiles)
            for feed in self.feeds:
                sizes = array_sizes(passes, run.decided, feed, *limits)
                found += [(run, feed, size) for size in sizes]
        self.progress("sizes of arrays", 1.0)
        if interval is None:
            return sorted(
                found, key=lambda each: (each[2].cycles / self.feeds[each[1]], *_size(each))
            )
        within = [each for each in found if each[2].cycles <= interval]
        return sorted(within or found, key=_size)

    def _worth(self, plan: Plan) -> tuple[float, float]:
        """Microseconds of an image, and logic cells."""
        unit = plan.streamed
        assert isinstance(unit, StreamedUnit)
        clock_mhz = self.feeds[Feed.of(unit.feed)]
        return plan.cycles.interval / clock_mhz, plan.resources(self.device.family).cells

    def _planned(self, run: Run, feed: Feed, size: ArraySize, failed: "_Failed") -> Plan | None:
        """The plan of an array of a size, if that fits; what is needed goes to ``failed``.

        Maps are in parts of memories only where block RAM is short, as those make for more wires.
        An array that is given is not held to what plans may take of a device.
        """
        given, most = "pe" in run.decided, self.device.bram
        array, family = self._array(run, feed, size), self.device.family
        plan, made, needed = None, None, inf
        if given or self._banks(array) <= most:
            made = array.made_loadable()
            plan = self._fitting(made, failed, given=given)
            needed = (plan.resources(family) if plan else failed.totals[-1]).bram
        parted = replace(array, memory="split")
        if "memory" in run.decided or needed < most or not self._banks(parted) < self._banks(array):
            return plan
        if self._banks(parted) > most:
            return plan
        parted = parted.made_loadable()
        if made and needed - made.resources(family).bram + parted.resources(family).bram >= most:
            return plan
        return self._fitting(parted, failed, given=given)

    def _array(self, run: Run, feed: Feed, size: ArraySize) -> StreamedUnit:
        decided = {name: run.decided[name] for name in ("memory", "form") if name in run.decided}
        return StreamedUnit(run.layers, **size.decisions, **decided, feed=feed.to_dict())

    def _banks(self, array: StreamedUnit) -> float:
        """Block RAMs of the maps of an array."""
        bank = bank_resources(array.contents, array.memory, self.device.family)
        return bank.bram * array.pixels

    def _fitting(self, array: StreamedUnit, failed: "_Failed", *, given: bool) -> Plan | None:
        """The plan of an array, if that fits."""
        for within in self._bounds(array):
            units = self._around(array, within, failed, given=given)
            if units is None:
                continue
            total = netlist(units, {}).resources(self.device.family)
            failed.totals.append(total)
            if not (given or fits(total, self.device, self.fill)):
                continue
            plan = plan_of(self.network, units, self.progress)
            total = plan.resources(self.device.family)
            if given or fits(total, self.device, self.fill):
                return plan
            failed.totals.append(total)
        return None

    def _bounds(self, array: StreamedUnit) -> list[int]:
        """Cycles in which an image should be through what is in front of an array, the best first.

        That is the time in which the next may enter; where it waits until all results have left, an
        image that enters should not take long.
        """
        if array.opens:
            return [array.interval - array.opens]
        entering = array.i_beats * array.i_words
        return sorted({max(entering, array.interval // _AHEAD), array.interval})

    def _around(
        self, array: StreamedUnit, within: int, failed: "_Failed", *, given: bool
    ) -> tuple[Unit, ...] | None:
        """All units, those in front of an array of so many cycles if they can; None if too large.

        What they need then goes to ``failed``.
        """
        inside = {layer.name for layer in array.layers}
        first = self.layers.index(array.layers[0])
        rows = [[Choice(array, 0, 0, array.resources(self.device.family))]]
        for place, layer in enumerate(self.layers):
            if layer.name in inside or kind_for((layer,)).paced:
                continue
            most = within if place < first else array.interval
            choices = choices_for(layer, self.layers, self.device, self.fixed, self.kinds)
            most = max(most, min(each.cycles for each in choices))
            rows.append([each for each in choices if each.cycles <= most])
        latest = max(each.cycles for row in rows for each in row)
        picked = cheapest(rows, latest, self.device, self.fill)
        if picked is None:
            picked = smallest(rows, latest, self.device, self.fill)
            failed.totals.append(sum((each.resources for each in picked), Resources()))
            if not given:
                return None
        chosen = {choice.unit.name: choice.unit for choice in picked}
        return arrange(self.layers, chosen, self.fixed, within)

    def _refusal(self, interval: int | None, failed: "_Failed") -> PlanError:
        network, board, device = self.network.name, self.board, self.device
        if failed.errors and not failed.totals:
            return failed.errors[0]
        least = min(
            failed.totals, key=lambda each: share(each, device, self.fill), default=Resources()
        )
        if interval is None or not failed.totals or not fits(least, device, self.fill):
            needed = (
                f"it needs about {beyond(least, device, self.fill)}"
                if failed.totals
                else f"its maps alone take more than {device.bram:,} block RAMs"
            )
            return PlanError(
                f"{network!r} does not fit {board} with its weights outside: {needed}; choose a "
                f"bigger board or a smaller network"
            )
        return PlanError(
            f"an interval of {interval} cycles is out of reach on {board} with weights outside; "
            f"choose a longer one"
        )


@dataclass
class _Failed:
    """What is wrong with arrays that were tried: resources that are needed, and errors.

    Also how many did not fit, by the octave of their logic cells.
    """

    totals: list[Resources] = field(default_factory=list)
    errors: list[PlanError] = field(default_factory=list)
    misses: Counter[int] = field(default_factory=Counter)


def _size(each: tuple[Run, Feed, ArraySize]) -> tuple[float, float]:
    return each[2].cells, each[2].cycles
