"""Netlist: the blocks of an accelerator, and how their streams connect.

Hardware and cycle model are both made from it, so that neither has a block that the other lacks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import gcd
from typing import NoReturn

from ..errors import PlanError
from ..fpga import Family, Resources
from ..network import INPUT
from .cycle_model.stages import StageBuilder, Stages
from .units.block import Block, StreamType
from .units.connectors import Deserializer, Fifo, Fork, Serializer
from .units.unit import Unit
from .units.width_entry import WidthEntry

__all__ = ["Instance", "Netlist", "Wire", "joins", "netlist"]

_MOST_READERS = 62  # the cycle model keeps who has taken a beat in the bits of an integer
_MOST_CYCLES = 1 << 28  # of an image


@dataclass(frozen=True)
class Wire:
    """One stream: an output of an instance, or the accelerator's input.

    Parameters
    ----------
    instance : int
        Index of the instance it leaves; −1 for the input of the accelerator.
    type : StreamType
    output : int
        Which of the outputs.
    """

    instance: int
    type: StreamType
    output: int = 0


@dataclass(frozen=True, eq=False)
class Instance:
    """One block in its place.

    Parameters
    ----------
    name : str
        Unique in the accelerator.
    block : Block
    inputs : tuple of Wire
        What it reads.
    """

    name: str
    block: Block
    inputs: tuple[Wire, ...]


@dataclass(frozen=True, eq=False)
class Netlist:
    """An accelerator.

    Parameters
    ----------
    instances : tuple of Instance
        Each follows those it reads; the last one gives the output.
    input : StreamType
    i_beats, o_beats : int
        Beats in which an image enters, and in which its outputs leave.
    widths : int
        Widths of the network, the whole among them.
    inside : int
        Images that may have entered and not left.
    """

    instances: tuple[Instance, ...]
    input: StreamType
    i_beats: int
    o_beats: int
    widths: int = 1
    inside: int = Stages.inside

    @cached_property
    def stages(self) -> Stages:
        """The flow control of all instances, for the cycle model."""
        whole, *narrower = (self._staged(width) for width in range(self.widths))
        return whole.build(
            i_beats=self.i_beats, o_beats=self.o_beats, narrower=narrower, inside=self.inside
        )

    def _staged(self, width: int) -> StageBuilder:
        """The flow control at a width of the network."""
        builder, outputs = StageBuilder(width), []
        for instance in self.instances:
            inputs = tuple(
                0 if wire.instance < 0 else outputs[wire.instance][wire.output]
                for wire in instance.inputs
            )
            outputs.append(instance.block.stages(builder, inputs))
        return builder

    def resources(self, family: Family) -> Resources:
        """Estimate of the resources of all instances."""
        return sum((each.block.resources(family) for each in self.instances), Resources())


def joins(units: Sequence[Unit]) -> tuple[str, ...]:
    """Names of the inputs of units that read several branches: ``unit.input``."""
    return tuple(
        f"{unit.name}.{index}"
        for unit in units
        if len(unit.sources) > 1
        for index in range(len(unit.sources))
    )


def netlist(
    units: Sequence[Unit], depths: Mapping[str, int], inside: int = Stages.inside
) -> Netlist:
    """The netlist of some units.

    Parameters
    ----------
    units : sequence of Unit
        In the order of the network; the last one gives the output.
    depths : mapping of str to int
        Beats of the FIFO at each of the places that :func:`joins` names; 0 for none.
    inside : int
        Images that may have entered and not left, where units compute several widths of the
        network.

    Raises
    ------
    PlanError
        If a stream has too many readers, or is read though it does not leave its unit, or a unit
        takes more cycles an image than the cycle
        model goes through in minutes.
    """
    slowest = max(units, key=lambda unit: unit.interval)
    if slowest.interval > _MOST_CYCLES:
        raise PlanError(
            f"{slowest.name!r} takes {slowest.interval:,} cycles an image, and at most "
            f"{_MOST_CYCLES:,} are predicted; use larger foldings, a smaller map or a smaller "
            f"kernel"
        )
    return _Builder(tuple(units), depths, inside).build()


@dataclass
class _Builder:
    units: tuple[Unit, ...]
    depths: Mapping[str, int]
    inside: int
    instances: list[Instance] = field(default_factory=list)
    streams: dict[str, list[Wire]] = field(default_factory=dict)

    def build(self) -> Netlist:
        readers: dict[str, list[Unit]] = {}
        for unit in self.units:
            for source in unit.sources:
                readers.setdefault(source, []).append(unit)
        first = readers[INPUT][0]
        place = first.sources.index(INPUT)
        source = first.inputs[place]
        i_beats, o_beats = first.in_tensors[place].size // source.lanes, self.units[-1].o_beats
        widths = 1 + max(len(layer.widths) for unit in self.units for layer in unit.layers)
        entering = Wire(-1, source)
        if widths > 1:
            entry = WidthEntry(source, i_beats, o_beats, widths, self.inside)
            entering = self._add("width_entry", entry, [entering])
        self._offer(INPUT, entering, len(readers[INPUT]))
        for unit in self.units:
            wires = [self._input(unit, index) for index in range(len(unit.sources))]
            wire = self._add(unit.instance, unit, wires)
            self._offer(unit.stream, wire, len(readers.get(unit.stream, [])))
        return Netlist(tuple(self.instances), source, i_beats, o_beats, widths, self.inside)

    def _offer(self, name: str, wire: Wire, readers: int) -> None:
        """Make a stream known, forked if several read it."""
        if readers > _MOST_READERS:
            raise PlanError(f"{name!r} is read by {readers} nodes; at most {_MOST_READERS} can")
        self.streams[name] = [wire]
        if readers > 1:
            fork = self._add(f"fork_{name}", Fork(wire.type, readers), [wire])
            self.streams[name] = [
                Wire(fork.instance, wire.type, output) for output in range(readers)
            ]

    def _input(self, unit: Unit, index: int) -> Wire:
        """The stream a unit reads, in as many lanes as it takes; a branch comes through a FIFO."""
        if not self.streams.get(unit.sources[index]):
            self._refuse(unit, unit.sources[index])
        wire = self.streams[unit.sources[index]].pop(0)
        wanted = unit.inputs[index]
        if (wire.type.bits, wire.type.signed) != (wanted.bits, wanted.signed):
            raise PlanError(
                f"{unit.name!r} reads elements of {wanted.element}, but "
                f"{unit.sources[index]!r} gives {wire.type.element}"
            )
        wire = self._resize(wire, unit.inputs[index].lanes, unit.input_label(index))
        name = f"{unit.name}.{index}"
        if depth := self.depths.get(name, 0):
            fifo = Fifo(name, wire.type, depth)
            wire = self._add(f"buffer_{index}_of_{unit.name}", fifo, [wire])
        return wire

    def _refuse(self, unit: Unit, source: str) -> NoReturn:
        inside = [
            other.name for other in self.units if source in (layer.stream for layer in other.layers)
        ]
        raise PlanError(
            f"{unit.name!r} reads {source!r}, which does not leave {inside[0]!r}; "
            f"make it the last layer there"
        )

    def _resize(self, wire: Wire, lanes: int, before: str) -> Wire:
        """``wire`` with ``lanes`` lanes, by way of the greatest common divisor."""
        common = gcd(wire.type.lanes, lanes)
        if wire.type.lanes != common:
            wire = self._add(f"split_{before}", Serializer(wire.type, common), [wire])
        if lanes != common:
            wire = self._add(f"join_{before}", Deserializer(wire.type, lanes), [wire])
        return wire

    def _add(self, name: str, block: Block, inputs: list[Wire]) -> Wire:
        self.instances.append(Instance(name, block, tuple(inputs)))
        return Wire(len(self.instances) - 1, block.outputs[0])
