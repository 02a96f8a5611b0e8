"""Choices for a layer: its foldings, and the memories that its activation buffer can be in."""

from collections.abc import Iterable, Sequence

from ...fpga import Device
from ..layers import Layer
from ..units import Decisions, Unit, kind_for, kinds_for
from .arrange import Fixed, kinds_to_try
from .pareto import Choice, undercut

__all__ = ["choices_for", "elsewhere"]


def choices_for(
    layer: Layer,
    layers: Sequence[Layer],
    device: Device,
    fixed: Fixed,
    kinds: Sequence[str] = (),
) -> list[Choice]:
    """All foldings of one of the layers, and the cycles between images that each keeps.

    ``kinds`` are those that are tried besides the ones that always are.
    """
    decided = fixed.get(layer.name, {})
    readers = [each for each in layers if layer.stream in each.sources]
    floor = max((_input_cycles(each, fixed) for each in readers), default=1)
    choices = []
    tried = kinds_to_try(layer, decided)
    if "kind" not in decided:
        tried += [each for each in kinds_for((layer,)) if _further(each, layer, decided, kinds)]
    for kind in tried:
        for unit in [] if kind.paced else kind.candidates((layer,), decided):
            variants = [each.placed(decided) for each in unit.variants(decided)]
            intervals = [max(each.interval, floor) for each in variants]
            choices += undercut(
                Choice(each, interval, min(intervals), each.resources(device.family))
                for each, interval in zip(variants, intervals, strict=True)
            )
    return choices


def _further(kind: type[Unit], layer: Layer, decided: Decisions, kinds: Sequence[str]) -> bool:
    """Whether a kind is tried only since it is named, which has all that is decided."""
    named = not kind.proposed and kind.kind in kinds
    return named and decided.keys() <= set(kind.decision_names((layer,)))


def elsewhere(
    row: list[Choice], kinds: Iterable[str], fixed: Fixed, device: Device
) -> list[Choice]:
    """Choices for a layer, and those with less block RAM, as the buffer is of another kind.

    Parameters
    ----------
    row : list of Choice
    kinds : iterable of str
        Some of :data:`~threefold.fpga.MEMORIES`.
    fixed : mapping
        Decisions that are taken already, by name of the unit.
    device : Device
    """
    others = []
    for choice in row:
        unit = choice.unit
        if not unit.activation_buffer or "memory" in fixed.get(unit.name, {}):
            continue
        for kind in kinds:
            if kind not in unit.memories:
                continue
            placed = unit.placed({"memory": kind})
            cycles = max(choice.cycles, placed.smooth_interval)
            area = placed.resources(device.family)
            if area.bram < choice.resources.bram:
                others.append(Choice(placed, cycles, choice.pace, area))
    return [*row, *others]


def _input_cycles(layer: Layer, fixed: Fixed) -> int:
    """Least cycles in which an image enters what a layer is realized by; 1 if that is chosen."""
    kind = kind_for((layer,))
    if not kind.paced:
        return 1
    return min(
        tensor.size // stream.lanes
        for unit in kind.candidates((layer,), fixed.get(layer.name, {}))
        for tensor, stream in zip(unit.in_tensors, unit.inputs, strict=True)
    )
