"""Streamed logits: offsets that come group by group of filters, and their adder."""

from math import ceil
from typing import ClassVar

from amaranth.hdl import Const, Value
from amaranth.lib.wiring import In, Member

from threefold.fpga import Family
from threefold.plan.sequential import StreamedProgram

from .loadable_logits import LoadableLogits

__all__ = ["StreamedLogits"]


class StreamedLogits(LoadableLogits):
    """Adder of each channel's offset, which a pass of logits has for its own.

    Parameters
    ----------
    program : StreamedProgram
    memory : str
        Where maps are: offsets are in LUTs if block RAM is too short for whole memories of those.

    Members
    -------
    image : In(1)
        An image begins; its first offset comes next.
    values : In(1)
        The pass is one of logits.

    The others are those of :class:`LoadableLogits`.
    """

    more: ClassVar[dict[str, Member]] = {"image": In(1), "values": In(1)}

    def __init__(self, program: StreamedProgram, memory: str):
        self._memory = memory
        super().__init__(program)

    @property
    def memory(self) -> str:
        return self._memory

    def kind(self, family: Family) -> str:
        return "lut" if self._memory == "split" and family.lut_ram else "auto"

    @property
    def rows(self) -> int:
        array = self.program.contents.array
        return array.pe // array.lanes

    @property
    def depth(self) -> int:
        contents, pe = self.program.contents, self.program.contents.array.pe
        return pe * ceil(len(contents.offsets) / pe)

    @property
    def begins(self) -> Value:
        return Const(0)

    @property
    def restart(self) -> Value:
        return self.image

    @property
    def taken(self) -> Value:
        # Others follow within a row of the program; those of a group come in full.
        return self.values & (self.written.row < self.rows)
