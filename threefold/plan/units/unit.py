"""Units: pieces of hardware that realize layers."""

import reprlib
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from math import gcd
from typing import Any, ClassVar, Self, TypeVar, cast

from ...errors import PlanError
from ...fpga import MEMORIES
from ...network import Integers, Tensor
from ..layers import Layer
from ..schedule import Schedule
from .block import Block, StreamType, Tap

__all__ = [
    "ActivationBuffer",
    "Decisions",
    "Unit",
    "decided",
    "require_lanes",
    "stream_type",
]

Decisions = Mapping[str, Any]
"""What was decided about a unit, by name: ``pe``, ``simd``, ``lanes``, ``memory`` …"""


V = TypeVar("V", int, str)

_VALUES: dict[object, str] = {int: "an integer", str: "a name", dict: "an object"}


@dataclass(frozen=True)
class ActivationBuffer:
    """Memory for the words that windows still need.

    Attributes
    ----------
    words, bits : int
        Its depth, and the width of a word.
    memory : str
        Where it lives, one of :data:`~threefold.fpga.MEMORIES`.
    banks : int
        Memories that the words are in.
    """

    words: int
    bits: int
    memory: str
    banks: int = 1


@dataclass(frozen=True, eq=False)
class Unit(Block):
    """Hardware of one layer or of several that follow each other, as decided.

    A kind of unit is a frozen dataclass in a module of its own, whose fields after ``layers`` are
    what can be decided about it, integers, words and objects of JSON; ``KINDS`` of
    :mod:`threefold.plan.units` names it. Layers that are not the first may read each other; what
    else they read enters.

    Parameters
    ----------
    layers : tuple of Layer
        In the order of the network.

    Attributes
    ----------
    kind : str
        Its name in plans and on the command line.
    realizes : tuple of type
        Kinds of the layers; a unit of layers of any number overrides :meth:`accepts`.
    paced : bool
        Whether it is made as fast as the units that have processing elements need it. Those
        are chosen first.
    proposed : bool
        Whether the search for foldings tries it unasked; otherwise where its name is given.
    memories : tuple of str
        Where its activation buffer can be, if it has one.
    takes_whole : bool
        Whether an image enters as a whole, at any rate, before anything of it is computed.
    batch : int
        Images that come together: none leaves before the last of them has entered.
    """

    layers: tuple[Layer, ...]

    realizes: ClassVar[tuple[type[Layer], ...]] = ()
    paced: ClassVar[bool] = True
    proposed: ClassVar[bool] = True
    memories: ClassVar[tuple[str, ...]] = MEMORIES
    takes_whole: ClassVar[bool] = False
    batch: ClassVar[int] = 1

    @classmethod
    def accepts(cls, layers: Sequence[Layer]) -> bool:
        """Whether such a unit realizes these layers."""
        return len(layers) == len(cls.realizes) and all(map(isinstance, layers, cls.realizes))

    @classmethod
    def candidates(cls, layers: tuple[Layer, ...], fixed: Decisions) -> Iterator[Self]:
        """The units to choose from.

        Parameters
        ----------
        layers : tuple of Layer
        fixed : mapping
            Decisions that are taken already.
        """
        raise PlanError(f"nothing proposes units of kind {cls.kind!r}")

    @classmethod
    def from_decisions(cls, layers: tuple[Layer, ...], decisions: Mapping) -> Self:
        """The unit of these layers that was decided on; the inverse of :meth:`decisions`.

        Raises
        ------
        PlanError
            If a decision is missing, is none of this kind's, or cannot be.
        """
        types = {field.name: field.type for field in fields(cls)}
        names = cls.decision_names(layers)
        if missing := [name for name in names if name not in decisions]:
            raise PlanError(f"{missing[0]!r} of {layers[0].name!r} is missing")
        for name, value in decisions.items():
            if name not in names:
                raise PlanError(
                    f"{name!r} of {layers[0].name!r} is not decided for kind {cls.kind!r}"
                )
            if type(value) is not types[name]:
                wanted = _VALUES[types[name]]
                raise PlanError(
                    f"{name!r} of {layers[0].name!r} must be {wanted}, not {reprlib.repr(value)}"
                )
        return cls(layers, **decisions)

    @classmethod
    def decision_names(cls, layers: Sequence[Layer]) -> list[str]:
        """Names of the decisions about a unit of these layers: all fields but the layers."""
        return [field.name for field in fields(cls) if field.name != "layers"]

    def decisions(self) -> dict[str, Any]:
        """The decisions, as plan files hold them."""
        return {name: getattr(self, name) for name in self.decision_names(self.layers)}

    def changed(self, layers: tuple[Layer, ...], changes: Decisions) -> Self:
        """The unit of layers of the same kinds, decided alike but for some changes."""
        return self.from_decisions(layers, {**self.decisions(), **changes})

    @property
    def name(self) -> str:
        """Name of the first layer."""
        return self.layers[0].name

    @property
    def instance(self) -> str:
        """Name of its hardware within the accelerator."""
        return f"{self.kind}_{self.name}"

    @property
    def loadable(self) -> bool:
        """Whether its contents come from outside."""
        return False

    @property
    def streamed(self) -> bool:
        """Whether its contents come from a memory outside while it works."""
        return False

    def input_label(self, index: int) -> str:
        """Name of the hardware in front of an input; unlike any node if there are several."""
        return f"{index}_of_{self.name}" if len(self.sources) > 1 else self.name

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the nodes whose values enter, in the order of ``inputs``."""
        made = {layer.stream for layer in self.layers}
        return tuple(name for layer in self.layers for name in layer.sources if name not in made)

    @property
    def in_tensors(self) -> tuple[Tensor, ...]:
        """Tensor types of the inputs, in the order of ``sources``."""
        made = {layer.stream for layer in self.layers}
        return tuple(
            tensor
            for layer in self.layers
            for name, tensor in zip(layer.sources, layer.inputs, strict=True)
            if name not in made
        )

    @property
    def stream(self) -> str:
        """Name of the node whose values leave."""
        return self.layers[-1].stream

    @property
    def out_tensor(self) -> Tensor:
        """Tensor type of the output."""
        return self.layers[-1].output

    @property
    def i_lanes(self) -> int:
        """Elements of each input that enter at once."""
        return self.inputs[0].lanes

    @property
    def o_lanes(self) -> int:
        """Elements that leave at once."""
        return self.outputs[0].lanes

    @property
    def o_beats(self) -> int:
        """Beats in which the outputs of an image leave."""
        return self.out_tensor.size // self.o_lanes

    @property
    @abstractmethod
    def interval(self) -> int:
        """Least cycles between images."""

    @property
    def smooth_interval(self) -> int:
        """Cycles between images at which the unit before it seldom waits: an estimate."""
        return self.interval

    @property
    def pace(self) -> int:
        """Least cycles between images whatever is chosen among :meth:`variants`."""
        return self.interval

    @property
    def narrow_interval(self) -> int:
        """Least cycles between images at the narrowest width of the network."""
        return self.interval

    @property
    def narrow_pace(self) -> int:
        """Least cycles between images at the narrowest width, as :attr:`pace`."""
        return self.pace

    @property
    def price(self) -> float:
        """Logic behind an array, in logic cells of the smallest device, to choose by.

        The same for every family, so that equal foldings are equal plans on all boards.
        """
        return self.o_lanes

    def variants(self, fixed: Decisions) -> Iterator[Self]:
        """The same with other logic behind its array, if it has one."""
        yield self

    def at_interval(self, cycles: int) -> Self:
        """The same for inputs that take ``cycles`` an image."""
        return self

    def placed(self, fixed: Decisions) -> Self:
        """The same with its memories where they were decided to be."""
        return self

    @property
    def activation_buffer(self) -> ActivationBuffer | None:
        """Activation buffer, if it has one."""
        return None

    @property
    def schedules(self) -> dict[str, Schedule]:
        """Tiles of each of its layers that has weights, by name."""
        return {}

    @property
    def folding_words(self) -> str:
        """Folding of its array for tables, such as ``8×4``; empty if it has none."""
        return ", ".join(str(each.folding) for each in self.schedules.values())

    @property
    def tiles(self) -> tuple[int, int] | None:
        """Tiles with a weight and tiles that are skipped, if it has an array."""
        schedules = self.schedules.values()
        if not schedules:
            return None
        return sum(len(each.tiles) for each in schedules), sum(each.skipped for each in schedules)

    @property
    def weight_bits(self) -> int | None:
        """Bits of its weight memory, if it has an array."""
        if not self.schedules:
            return None
        return sum(each.weight_bits for each in self.schedules.values())

    @property
    def array_cycles(self) -> int:
        """Cycles of an image in which its array works on a tile."""
        return max((each.cycles for each in self.schedules.values()), default=0)

    @property
    def taps(self) -> tuple[Tap, ...]:
        """Streams that simulation compares."""
        return (Tap(self.name, self.stream, self.outputs[0]),)

    @abstractmethod
    def describe(self) -> str:
        """Its computation in words, for tables: ``conv 3×3, stride 2``, ``dense`` …"""

    @property
    @abstractmethod
    def noun(self) -> str:
        """Its name in the singular, for lists: ``convolution``, ``pool`` …"""

    def through(self, targets: Iterable[int]) -> int:
        """Least cycles between images if readers take so many elements at once.

        At the narrowest width, if there are several.
        """
        layer = self.layers[-1]
        beats = max((layer.channels // gcd(self.o_lanes, lanes) for lanes in targets), default=0)
        return max(self.narrow_interval, layer.pixels * beats)


def stream_type(tensor: Tensor, lanes: int) -> StreamType:
    """Type of a stream of a tensor's elements, so many at once."""
    return StreamType(lanes, tensor.element.bits, isinstance(tensor.element, Integers))


def decided(fixed: Decisions, name: str, choices: Iterable[V]) -> list[V]:
    """The decision, or all choices if there is none."""
    return [cast(V, fixed[name])] if name in fixed else list(choices)


def require_lanes(unit: Unit, channels: int) -> None:
    """Raise unless the lanes of a unit divide a number of channels.

    Raises
    ------
    PlanError
    """
    lanes = unit.o_lanes
    if lanes < 1 or channels % lanes:
        raise PlanError(f"lanes of {unit.name!r} must divide {channels} channels, not {lanes}")
