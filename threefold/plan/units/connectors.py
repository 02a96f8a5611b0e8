"""Connectors: blocks that carry streams from unit to unit and compute nothing."""

from dataclasses import dataclass

from ...fpga import Family, Resources
from ..cycle_model.stages import StageBuilder
from .block import Block, StreamType

__all__ = ["Deserializer", "Fifo", "Fork", "Serializer", "serializer_resources"]


@dataclass(frozen=True)
class Fork(Block):
    """Fork of one stream for several readers.

    Parameters
    ----------
    type : StreamType
    readers : int
    """

    type: StreamType
    readers: int

    kind = "fork"

    @property
    def inputs(self) -> tuple[StreamType, ...]:
        return (self.type,)

    @property
    def outputs(self) -> tuple[StreamType, ...]:
        return (self.type,) * self.readers

    def resources(self, family: Family) -> Resources:
        return Resources(2 * self.readers)

    def stages(self, builder: StageBuilder, inputs: tuple[int, ...]) -> tuple[int, ...]:
        (source,) = inputs
        return builder.fork(source, self.readers)


@dataclass(frozen=True)
class Fifo(Block):
    """FIFO in which one branch waits for another.

    Parameters
    ----------
    name : str
        Where it is: unit and number of its input, such as ``"sum.1"``.
    type : StreamType
    depth : int
        Beats that it holds.
    """

    name: str
    type: StreamType
    depth: int

    kind = "fifo"

    @property
    def inputs(self) -> tuple[StreamType, ...]:
        return (self.type,)

    @property
    def outputs(self) -> tuple[StreamType, ...]:
        return (self.type,)

    def resources(self, family: Family) -> Resources:
        width = self.type.bits * self.type.lanes
        # Two places, a count and a register beside the memory.
        counters = family.fifo_counter * self.depth.bit_length()
        registers = Resources(13 + counters, ff=width * family.counts_bare_cells)
        return registers + family.buffer(width, self.depth)

    def stages(self, builder: StageBuilder, inputs: tuple[int, ...]) -> tuple[int, ...]:
        (source,) = inputs
        return (builder.fifo(source, self.depth, self.name),)


@dataclass(frozen=True)
class _Resizer(Block):
    """Connector between streams of different numbers of lanes.

    Parameters
    ----------
    type : StreamType
        What it reads.
    lanes : int
        Lanes of an output beat.
    """

    type: StreamType
    lanes: int

    @property
    def inputs(self) -> tuple[StreamType, ...]:
        return (self.type,)

    @property
    def outputs(self) -> tuple[StreamType, ...]:
        return (StreamType(self.lanes, self.type.bits, self.type.signed),)


class Serializer(_Resizer):
    """Serializer of each beat of many lanes into several of few, a divisor."""

    kind = "serializer"

    def stages(self, builder: StageBuilder, inputs: tuple[int, ...]) -> tuple[int, ...]:
        (source,) = inputs
        return (builder.serializer(source, self.type.lanes // self.lanes),)

    def resources(self, family: Family) -> Resources:
        return serializer_resources(self.type.lanes, self.lanes, self.type.bits, family)


class Deserializer(_Resizer):
    """Deserializer of several beats of few lanes into one of many, a multiple."""

    kind = "deserializer"

    def stages(self, builder: StageBuilder, inputs: tuple[int, ...]) -> tuple[int, ...]:
        (source,) = inputs
        return (builder.deserializer(source, self.lanes // self.type.lanes),)

    def resources(self, family: Family) -> Resources:
        return Resources(8, ff=self.lanes * self.type.bits * family.counts_bare_cells)


def serializer_resources(i_lanes: int, o_lanes: int, bits: int, family: Family) -> Resources:
    """Resources of a serializer: an estimate.

    Parameters
    ----------
    i_lanes, o_lanes : int
        Lanes of its input and of its output.
    bits : int
        Width of a lane.
    family : Family
    """
    # A counter, and either multiplexers, of which a LUT takes two inputs, or all registers but the
    # last ones, which have nothing to choose.
    last, ratio = o_lanes * bits, i_lanes // o_lanes
    tree = family.lut_tree if family.selects(ratio) else None
    choice = tree.selector_luts(ratio) if tree else ratio - 1
    if family.counts_bare_cells:
        return Resources(6 + choice * last, ff=last)
    return Resources(6 + choice * last, surplus=(ratio - choice) * last)
