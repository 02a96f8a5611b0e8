"""Loadable searches: those among thresholds that are written when a pass begins."""

import numpy as np
from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.sequential import Program

from ..family import family_of
from ..ram import Ram
from ..register import registered
from ..threshold_search import PipelinedSearch, Search, SequentialSearch
from .pass_loader import threshold_write

__all__ = ["LOADABLE_SEARCHES", "ThresholdRam"]


class ThresholdRam(wiring.Component):
    """Memory of thresholds as :class:`~threefold.hw.threshold_memory.ThresholdMemory`, written.

    Parameters
    ----------
    depth : int
        Thresholds.
    accumulator_bits : int
        Width of an accumulator value.

    Members
    -------
    write : In(1), place : In(range(depth)), value : In(accumulator_bits)
        Write a threshold.
    row : In(range(depth))
        Which one to read.
    total : In(accumulator_bits)
        Accumulator value to compare with the threshold addressed in the cycle before.
    reached : Out(1)
        The ``total`` of the cycle before is at least that threshold.
    """

    def __init__(self, depth: int, *, accumulator_bits: int):
        self._depth = depth
        self._accumulator_bits = accumulator_bits
        super().__init__(
            {
                "write": In(1),
                "place": In(range(depth)),
                "value": In(accumulator_bits),
                "row": In(range(depth)),
                "total": In(accumulator_bits),
                "reached": Out(1),
            }
        )

    @property
    def depth(self) -> int:
        return self._depth

    @property
    def accumulator_bits(self) -> int:
        return self._accumulator_bits

    def elaborate(self, platform):
        m = Module()

        # The complement that a subtraction takes is made once, where thresholds are written, if it
        # is not free where they are compared.
        family = family_of(platform)
        inverted = family.complement_takes_luts
        m.submodules.levels = levels = Ram(self._accumulator_bits, self._depth)
        m.d.comb += [
            levels.write.en.eq(self.write),
            levels.write.addr.eq(self.place),
            levels.write.data.eq(~self.value if inverted else self.value),
            levels.read.en.eq(1),
            levels.read.addr.eq(self.row),
        ]
        threshold, total = levels.read.data, self.total
        if family.memory_gives_late:
            threshold = registered(m, "row_read", threshold)
            total = registered(m, "total_read", total)
        reached = total >= (~threshold if inverted else threshold)
        if family.memory_gives_late:
            m.d.comb += self.reached.eq(reached)
        else:
            m.d.sync += self.reached.eq(reached)

        return m


class _Loadable(Search):
    """Search whose memories are written node by node.

    Parameters
    ----------
    program : Program
    lane : int
        Which lane it is of.
    accumulator_bits : int, optional
        Width of what is searched for if it is no accumulator value.

    Members
    -------
    written : In
        See :func:`~threefold.hw.sequential.pass_loader.threshold_write`.

    The others are those of the search that it is.
    """

    def __init__(self, program: Program, lane: int, *, accumulator_bits: int = 0):
        contents = program.contents
        self._lane = lane
        super().__init__(
            np.zeros((contents.threshold_rows, 2**contents.code_bits - 1), np.int64),
            accumulator_bits=accumulator_bits or contents.accumulator_bits,
            written=In(threshold_write(program)),
        )

    @property
    def lane(self) -> int:
        return self._lane

    def _memory(self, m: Module, name: str, rows: np.ndarray) -> ThresholdRam:
        channels, written = len(self.thresholds), self.written
        lane, place = divmod(self._lane, len(written.values))
        memory = ThresholdRam(len(rows), accumulator_bits=self.accumulator_bits)
        m.submodules[name] = memory
        bits = (len(rows) // channels).bit_length() - 1
        here = written.enable & (written.lane == lane)
        m.d.comb += [
            memory.write.eq(here & self._holds(bits)),
            memory.place.eq(Cat(written.node[:bits], written.row)),
            memory.value.eq(written.values[place]),
        ]
        return memory

    def _holds(self, bits: int) -> Signal | bool:
        """Whether a memory of ``2^bits`` nodes a channel holds the one that is written."""
        return True


class _LoadablePipelined(_Loadable, PipelinedSearch):
    def _holds(self, bits: int):
        return self.written.node[bits:] == 1


class _LoadableSequential(_Loadable, SequentialSearch):
    pass


LOADABLE_SEARCHES = {"pipelined": _LoadablePipelined, "sequential": _LoadableSequential}
"""Loadable searches by the names of their forms."""
