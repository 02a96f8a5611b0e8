"""Summary: a plan in words and shapes, for tables and reports."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from ..network import INPUT
from .plan import Plan

__all__ = ["Branch", "branches", "inventory", "path", "shown"]


@dataclass(frozen=True)
class Branch:
    """A FIFO before a unit that joins branches.

    Attributes
    ----------
    unit : str
        Name of the unit.
    input : int
        Which of its inputs.
    beats, lanes, bits : int
        Beats it holds, elements in each, and bits of each element; no beats if there is none.
    """

    unit: str
    input: int
    beats: int
    lanes: int
    bits: int

    @property
    def name(self) -> str:
        """``unit.input``"""
        return f"{self.unit}.{self.input}"


def branches(plan: Plan) -> list[Branch]:
    """The FIFOs of a plan in the order of its units."""
    return [
        Branch(unit.name, index, plan.buffers[f"{unit.name}.{index}"], stream.lanes, stream.bits)
        for unit in plan.units
        if len(unit.sources) > 1
        for index, stream in enumerate(unit.inputs)
    ]


def shown(shape: Sequence[int]) -> str:
    """A shape as text: ``16×16×32``, or the length of a vector."""
    return str(shape[2]) if tuple(shape[:2]) == (1, 1) else "×".join(map(str, shape))


def inventory(plan: Plan) -> dict[str, int]:
    """How many units of each kind there are, by a name in the plural where it is due."""
    nouns = Counter(unit.noun for unit in plan.units)
    return {_plural(noun) if count > 1 else noun: count for noun, count in nouns.items()}


def _plural(noun: str) -> str:
    head, of, rest = noun.partition(" of ")
    return f"{head}s{of}{rest}"


def path(plan: Plan) -> list[tuple[int, int, int]]:
    """Shapes along the way from input to output, following the first branch of every join.

    A shape that a unit keeps is there once; the index of a class is left out.
    """
    by_stream = {unit.stream: unit for unit in plan.units}
    unit = plan.units[-1]
    shapes = [] if plan.ports.gives_class else [unit.out_tensor.shape]
    while True:
        shapes.append(unit.in_tensors[0].shape)
        if unit.sources[0] == INPUT:
            break
        unit = by_stream[unit.sources[0]]
        shapes.append(unit.out_tensor.shape)
    shapes[-1] = plan.network.input.shape
    shapes.reverse()
    kept = shapes[:1]
    for shape in shapes[1:]:
        if shape != kept[-1] and not (prod(shape) == prod(kept[-1]) and shape[:2] == (1, 1)):
            kept.append(shape)
    return kept
