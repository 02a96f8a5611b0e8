"""Runs: consecutive layers that one array takes in turn, and the arrays to choose from."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ...errors import PlanError
from ...fpga import Device
from ...progress import Progress, no_progress
from ..layers import Layer
from ..schedule import Folding
from ..sequential import passes_of
from ..sequential.widths import require_one_width
from ..units import Decisions
from ..units.sequential import STORES, SequentialUnit
from .pareto import Choice, undercut

__all__ = ["Run", "choices_for_run", "longest_run", "run_from", "runs_of"]


@dataclass(frozen=True, eq=False)
class Run:
    """Layers in turn, and what is decided about their array.

    Parameters
    ----------
    layers : tuple of Layer
        Consecutive, and closed: what the inner ones give is read by others of them alone.
    decided : mapping
        Decisions about the :class:`~threefold.plan.units.sequential.SequentialUnit`.
    """

    layers: tuple[Layer, ...]
    decided: Decisions

    @property
    def name(self) -> str:
        """Name of the first layer, and of the unit."""
        return self.layers[0].name

    def __str__(self) -> str:
        return f"{self.name}..{self.layers[-1].name}"


def runs_of(
    layers: Sequence[Layer],
    sequential: Mapping[str, Folding | None] | None,
    fixed: Mapping[str, Decisions] = MappingProxyType({}),
    *,
    loadable: bool = False,
) -> list[Run]:
    """The runs that are asked for.

    Parameters
    ----------
    layers : sequence of Layer
        In the order of the network.
    sequential : mapping of str to Folding or None
        By ``"first..last"``, names of layers; None where the array is to be chosen.
    fixed : mapping of str to mapping
        Memory and form that are decided, by name of the first layer.
    loadable : bool
        Whether contents of the array come from outside. Then there is one run, the longest there is
        if none is asked for.

    Raises
    ------
    PlanError
        If there are no such layers, runs overlap, an inner layer is read elsewhere or has decisions
        of its own, or no array computes them in turn; where one is to be loadable, if there is no
        run or several of them, or several widths of the network.
    """
    runs: list[Run] = []
    if loadable:
        require_one_width(layers)
        sequential = _one_run(layers, sequential)
    places = {layer.name: place for place, layer in enumerate(layers)}
    for text, folding in (sequential or {}).items():
        first, last = _ends(text, places)
        own = tuple(layers[first : last + 1])
        passes_of(own)  # raises if no array computes them
        _require_closed(text, layers, own)
        for other in runs:
            if {layer.name for layer in other.layers} & {layer.name for layer in own}:
                raise PlanError(f"layers in turn {other} and {text} overlap; leave one out")
        name, decided = own[0].name, {"loadable": 1} if loadable else {}
        for layer in own:
            mine = fixed.get(layer.name, {})
            if mine and (layer.name != name or not mine.keys() <= {"memory", "form"}):
                raise PlanError(
                    f"{layer.name!r} is among the layers in turn {text}: give its folding as "
                    f"--sequential {text}=PExSIMD, and memory and requantizer to {name!r}"
                )
            decided |= mine
        if folding:
            decided |= {"pe": folding.pe, "simd": folding.simd, "pixels": folding.pixels}
        runs.append(Run(own, decided))
    return runs


def _one_run(
    layers: Sequence[Layer], sequential: Mapping[str, Folding | None] | None
) -> Mapping[str, Folding | None]:
    """The run that is asked for, or the longest, where one is to be loadable."""
    if not sequential:
        run = longest_run(layers)
        if run is None:
            raise PlanError("no array takes two of the layers in turn, so that none is loadable")
        return {str(run): None}
    if len(sequential) > 1:
        raise PlanError(
            f"one array of a plan is loadable, not those of {' and '.join(sequential)}; leave out "
            f"all but one"
        )
    return sequential


def longest_run(layers: Sequence[Layer]) -> Run | None:
    """The run of most layers that an array can take, if there is one.

    Sums at its end that are wider than all other codes are left out, as thresholds are stored for
    the widest codes.
    """
    best: tuple[Layer, ...] = ()
    for first in range(len(layers)):
        best = _longest_from(layers, first, len(best)) or best
    return _without_wide_sums(layers, best)


def run_from(layers: Sequence[Layer], first: int) -> Run | None:
    """The longest run that begins with the layer in a place, as :func:`longest_run` gives it."""
    return _without_wide_sums(layers, _longest_from(layers, first, 0))


def _longest_from(layers: Sequence[Layer], first: int, least: int) -> tuple[Layer, ...]:
    """Most layers from a place on that an array can take, if they are more than ``least``."""
    for end in range(len(layers), first + max(1, least), -1):
        own = tuple(layers[first:end])
        if _is_closed(layers, own) and SequentialUnit.accepts(own):
            return own
    return ()


def _without_wide_sums(layers: Sequence[Layer], best: tuple[Layer, ...]) -> Run | None:
    while len(best) > 2:
        *others, last = passes_of(best)
        shorter = best[: -len(last.layers)]
        if not others or last.code_bits <= max(each.code_bits for each in others):
            break
        if not (_is_closed(layers, shorter) and SequentialUnit.accepts(shorter)):
            break
        best = shorter
    return Run(best, {}) if best else None


def choices_for_run(run: Run, device: Device, progress: Progress = no_progress) -> list[Choice]:
    """Arrays for a run, none of which another undercuts; at least the smallest.

    Raises
    ------
    PlanError
        If the array that is decided suits no layer, or its sizes do not fit each other.
    """
    choices: list[Choice] = []
    decided = {name: value for name, value in run.decided.items() if name != "loadable"}
    units = list(SequentialUnit.candidates(run.layers, decided))
    for index, unit in enumerate(units):
        progress("arrays for layers in turn", index / len(units))
        choices.append(_choice(unit, device))
        if choices[-1].resources.cells > _MOST_CELLS * device.lut:
            break  # others are larger
    kept = undercut(choices)
    if run.decided.get("loadable"):
        # Limits take longer than all else, and what is undercut without them would be with them.
        plain = [each.unit for each in kept if isinstance(each.unit, SequentialUnit)]
        loadable = [unit.made_loadable(store=store) for unit in plain for store in STORES]
        kept = undercut(_choice(unit, device) for unit in loadable)
    progress("arrays for layers in turn", 1.0)
    return kept


def _choice(unit: SequentialUnit, device: Device) -> Choice:
    return Choice(unit, unit.interval, unit.interval, unit.resources(device.family))


_MOST_CELLS = 1.5  # times those of the device


def _ends(text: str, places: Mapping[str, int]) -> tuple[int, int]:
    match = re.fullmatch(r"(\w+)\.\.(\w+)", text)
    if not match:
        raise PlanError(f"layers in turn are named FIRST..LAST, not {text!r}")
    for name in match.groups():
        if name not in places:
            raise PlanError(f"no layer is named {name!r}; layers are {', '.join(places)}")
    first, last = places[match[1]], places[match[2]]
    if first >= last:
        raise PlanError(f"layers in turn are two or more in the order of the network, not {text}")
    return first, last


def _require_closed(text: str, layers: Sequence[Layer], own: tuple[Layer, ...]) -> None:
    for reader, stream in _read_elsewhere(layers, own):
        raise PlanError(
            f"layers in turn {text} cannot end there: {reader.name!r} reads what "
            f"{_maker(own, stream)!r} gives; include it, or end with {_maker(own, stream)!r}"
        )


def _is_closed(layers: Sequence[Layer], own: tuple[Layer, ...]) -> bool:
    return not any(True for _ in _read_elsewhere(layers, own))


def _read_elsewhere(layers: Sequence[Layer], own: tuple[Layer, ...]) -> Iterator[tuple[Layer, str]]:
    """Layers that are not in a run but read what is within it."""
    inner = {layer.stream for layer in own[:-1]}
    names = {layer.name for layer in own}
    for layer in layers:
        if layer.name not in names:
            yield from ((layer, stream) for stream in layer.sources if stream in inner)


def _maker(own: tuple[Layer, ...], stream: str) -> str:
    return next(layer.name for layer in own if layer.stream == stream)
