"""Arrangement: units around arrays of a chosen folding, made to keep up with them."""

import reprlib
from collections.abc import Iterable, Mapping, Sequence
from math import floor, prod
from typing import Protocol

from ...errors import PlanError
from ...fpga import MEMORIES
from ..layers import Layer
from ..requantize import FORMS
from ..schedule import Folding
from ..units import Decisions, Unit, kind_named, kinds_for

__all__ = ["Fixed", "arrange", "behind", "check_fixed", "fixed_decisions", "kinds_to_try"]

Fixed = Mapping[str, Decisions]
"""Decisions that are taken already, by name of the unit."""


class _Fused(Protocol):
    @property
    def layers(self) -> tuple[Layer, ...]: ...


_KINDS = {"memory": MEMORIES, "form": FORMS}


def fixed_decisions(
    foldings: Mapping[str, Folding | str] | None = None,
    memories: Mapping[str, str] | None = None,
    forms: Mapping[str, str] | None = None,
) -> dict[str, dict[str, int | str]]:
    """Foldings, memories and forms as decisions about units; ``kind`` where a folding names one.

    Raises
    ------
    PlanError
        If a folding is something else.
    """
    fixed: dict[str, dict[str, int | str]] = {}
    for name, folding in (foldings or {}).items():
        if isinstance(folding, str):
            fixed.setdefault(name, {}).update(kind=folding)
            continue
        if not isinstance(folding, Folding):
            raise PlanError(
                f"the folding of {name!r} must be a Folding such as Folding(8, 8) or the name of a "
                f"kind of unit, not {reprlib.repr(folding)}"
            )
        fixed.setdefault(name, {}).update(pe=folding.pe, simd=folding.simd, pixels=folding.pixels)
    for what, given in (("memory", memories), ("form", forms)):
        for name, value in (given or {}).items():
            fixed.setdefault(name, {})[what] = value
    return fixed


def check_fixed(layers: Sequence[Layer], fixed: Fixed, fused: Iterable[_Fused] = ()) -> None:
    """Refuse decisions that no unit can be made by, before any is chosen.

    Parameters
    ----------
    layers : sequence of Layer
    fixed : mapping of str to mapping
    fused : iterable
        What has ``layers`` that are realized together; decisions about it are not looked at.

    Raises
    ------
    PlanError
        If there is no unit of the name, it has no such decision, or there is no such value.
    """
    offered = {
        layer.name: kinds_to_try(layer, fixed.get(layer.name, {}))[0].decision_names((layer,))
        for layer in layers
    }
    together = {layer.name for each in fused for layer in each.layers}
    for name, decisions in fixed.items():
        if name in together:
            continue
        for what, value in decisions.items():
            if what == "kind" and name in offered:
                continue
            if what not in offered.get(name, {}):
                sought = "pe" if what == "kind" else what
                names = [each for each, there in offered.items() if sought in there]
                raise PlanError(_no_such(name, what, names, there=name in offered))
            if what in _KINDS and value not in _KINDS[what]:
                raise PlanError(
                    f"{_WORDS[what]} of {name!r} must be one of {', '.join(_KINDS[what])}, "
                    f"not {value!r}"
                )


def kinds_to_try(layer: Layer, decided: Decisions) -> list[type[Unit]]:
    """The kinds of unit among which the one of a layer is chosen: one if that is decided.

    Raises
    ------
    PlanError
        If no such unit realizes the layer.
    """
    kinds = kinds_for((layer,))
    if "kind" not in decided:
        return [kind for kind in kinds if kind.proposed]
    kind = kind_named(str(decided["kind"]))
    if kind not in kinds:
        raise PlanError(
            f"no unit of kind {kind.kind!r} realizes {layer.name!r}; kinds that do are "
            f"{', '.join(each.kind for each in kinds)}"
        )
    return [kind]


_WORDS = {"memory": "memory", "form": "requantizer"}


def _no_such(name: str, what: str, names: list[str], *, there: bool) -> str:
    if what in _WORDS:
        others = f"there are {', '.join(names)}" if names else "there is none"
        return f"no unit with a {_WORDS[what]} is named {name!r}; {others}"
    if there:
        return f"{name!r} has no folding; layers with one are {', '.join(names) or 'none'}"
    return f"no layer is named {name!r}; layers are {', '.join(names) or 'none'}"


def arrange(
    layers: Sequence[Layer],
    chosen: Mapping[str, Unit],
    fixed: Fixed,
    slowest: float | None = None,
) -> tuple[Unit, ...]:
    """All units, for those with processing elements as chosen.

    Paced units get the least logic with which they are clearly faster than the slowest unit with
    an array. What is behind an array gets the least with which the slowest stays so, unless that
    is chosen as well and suits the lanes of those who read it. Where units compute several widths
    of the network, it is the narrowest that they are to keep up with.

    Parameters
    ----------
    layers : sequence of Layer
        In the order of the network.
    chosen : mapping of str to Unit
        Units that are given, by name; they say which layers they realize.
    fixed : mapping of str to mapping
        Decisions that are taken already, by name of the unit.
    slowest : float, optional
        Cycles between images of the slowest unit, if what is behind arrays is chosen as well;
        those of the slowest array otherwise.
    """
    complete = slowest is not None
    if slowest is None:
        paces = [unit.narrow_pace for unit in chosen.values() if not unit.paced]
        slowest = max(paces, default=prod(layers[0].inputs[0].shape))
    words: dict[str, list[int]] = {}
    for unit in chosen.values():
        for source, stream in zip(unit.sources, unit.inputs, strict=True):
            words.setdefault(source, []).append(stream.lanes)
    realized = {layer.name for unit in chosen.values() for layer in unit.layers}
    units = dict(chosen)
    for layer in layers:
        if layer.name not in realized:
            targets = words.get(layer.stream, ())
            units[layer.name] = _paced((layer,), slowest, targets, fixed.get(layer.name, {}))
    readers: dict[str, list[int]] = {}
    for unit in units.values():
        for source, stream in zip(unit.sources, unit.inputs, strict=True):
            readers.setdefault(source, []).append(stream.lanes)
    for name, unit in chosen.items():
        targets = readers.get(unit.stream, ())
        interval = max(slowest, unit.narrow_pace)
        if not complete or unit.through(targets) > interval:
            units[name] = behind(unit, targets, fixed.get(name, {}), interval)
    return tuple(
        units[layer.name].placed(fixed.get(layer.name, {}))
        for layer in layers
        if layer.name in units
    )


def behind(unit: Unit, targets: Sequence[int], fixed: Decisions, interval: float) -> Unit:
    """The unit with the least logic behind its array that keeps an interval, or the fastest.

    Parameters
    ----------
    unit : Unit
    targets : sequence of int
        Lanes of those who read the outputs; none if that is not known.
    fixed : mapping
        Decisions that are taken already.
    interval : float
        Cycles between images.
    """
    choices = list(unit.variants(fixed))
    enough = [choice for choice in choices if choice.through(targets) <= interval]
    if enough:
        return min(enough, key=lambda choice: (choice.price, choice.o_lanes))
    return min(choices, key=lambda each: (each.through(targets), each.price, each.o_lanes))


def _paced(
    layers: tuple[Layer, ...], slowest: float, targets: Sequence[int], fixed: Decisions
) -> Unit:
    """The unit with the least logic that is clearly faster than the slowest array.

    Its outputs have to be so as well on their way into the words of ``targets`` lanes that arrays
    read.
    """
    kinds = kinds_to_try(layers[0], fixed)
    choices = [each.placed(fixed) for kind in kinds for each in kind.candidates(layers, fixed)]
    enough = [choice for choice in choices if choice.through(targets) * 5 <= slowest * 4]
    if enough:
        best = min(enough, key=lambda choice: (choice.price, choice.o_lanes))
        return best.at_interval(floor(slowest))
    return min(choices, key=lambda choice: choice.through(targets))
