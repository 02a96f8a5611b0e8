"""Width entry: where images enter together with the width at which they are computed."""

from dataclasses import dataclass

from ...fpga import Family, Resources
from ..cycle_model.stages import StageBuilder
from .block import Block, StreamType

__all__ = ["ENTRY_LATENCY", "WidthEntry", "width_tap_resources"]

ENTRY_LATENCY = 2
"""Cycles by which an image comes behind its width, so that every unit knows it in time."""

_INSIDE = 16  # images for which estimates are made


@dataclass(frozen=True)
class WidthEntry(Block):
    """Entry of images, which keeps the width of each until it has left.

    Parameters
    ----------
    type : StreamType
        Of the stream that enters.
    beats, o_beats : int
        Beats in which an image enters, and in which its outputs leave.
    widths : int
        Widths of the network, the whole among them.
    inside : int
        Images that may have entered and not left, a power of two.
    """

    type: StreamType
    beats: int
    o_beats: int
    widths: int
    inside: int

    kind = "width_entry"

    @property
    def inputs(self) -> tuple[StreamType, ...]:
        return (self.type,)

    @property
    def outputs(self) -> tuple[StreamType, ...]:
        return (self.type,)

    def resources(self, family: Family) -> Resources:
        bits, number = self.type.bits * self.type.lanes, (self.widths - 1).bit_length()
        counters = self.beats.bit_length() + self.o_beats.bit_length() + 12
        bare = ENTRY_LATENCY * bits + _INSIDE * number
        return Resources(counters + _INSIDE * number // 2, ff=bare * family.counts_bare_cells)

    def stages(self, builder: StageBuilder, inputs: tuple[int, ...]) -> tuple[int, ...]:
        (source,) = inputs
        return (builder.pipe(source, ENTRY_LATENCY),)


def width_tap_resources(bits: int, family: Family) -> Resources:
    """Resources of what tells a unit the width of its image: an estimate.

    Parameters
    ----------
    bits : int
        Width of the number of a width.
    family : Family
    """
    return Resources(2 * bits * (2 * _INSIDE // 3) + 2 * _INSIDE.bit_length())
