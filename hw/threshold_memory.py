"""Threshold memory: rows of thresholds, and the comparators behind them."""

import numpy as np
from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from .family import family_of
from .register import registered
from .rom import gives_late, rom

__all__ = ["ThresholdMemory"]


class ThresholdMemory(wiring.Component):
    """Memory of thresholds that compares a value with each one of a row, a cycle after reading it.

    The thresholds of a single row are constants, and nothing is read.

    A register follows that holds what was reached. Behind a memory that gives its data late, as
    :func:`~threefold.hw.rom.gives_late` says, it holds the thresholds instead, before they are
    compared.

    Parameters
    ----------
    rows : array of int, shape (rows, thresholds of a row)
        Within 0…2^accumulator_bits − 1.
    accumulator_bits : int
        Width of an accumulator value.

    Members
    -------
    row : In
        Which row to read.
    total : In(accumulator_bits)
        Accumulator value to compare with the row addressed in the cycle before.
    reached : Out(thresholds of a row)
        Bit n: the ``total`` of the cycle before is at least the n-th threshold of that row.
    """

    def __init__(self, rows: np.ndarray, *, accumulator_bits: int):
        self._rows = np.asarray(rows)
        self._accumulator_bits = accumulator_bits
        super().__init__(
            {
                "row": In(ceil_log2(len(self._rows))),
                "total": In(accumulator_bits),
                "reached": Out(self._rows.shape[1]),
            }
        )

    @property
    def rows(self) -> np.ndarray:
        return self._rows

    @property
    def accumulator_bits(self) -> int:
        return self._accumulator_bits

    def elaborate(self, platform):
        m = Module()

        if len(self._rows) == 1:
            reached = (_at_least(self.total, threshold) for threshold in self._rows[0])
            m.d.sync += self.reached.eq(Cat(reached))
            return m

        # A comparison subtracts. The complement which that takes can be LUTs, unless it is what
        # the memory holds.
        family = family_of(platform)
        inverted = family.complement_takes_luts
        top = 2**self._accumulator_bits - 1
        shape = data.ArrayLayout(self._accumulator_bits, self._rows.shape[1])
        words = (top - self._rows if inverted else self._rows).tolist()
        m.submodules.levels = memory = rom(shape, words, family=family)
        port = memory.read_port()
        m.d.comb += port.addr.eq(self.row)

        thresholds, total = port.data, self.total
        late = gives_late(memory, family)
        if late:
            thresholds = Signal(shape, name="row_read", reset_less=True)
            m.d.sync += thresholds.eq(port.data)
            total = registered(m, "total_read", self.total)
        reached = Cat(total >= (~threshold if inverted else threshold) for threshold in thresholds)
        if late:
            m.d.comb += self.reached.eq(reached)
        else:
            m.d.sync += self.reached.eq(reached)

        return m


def _at_least(total: Signal, threshold: int):
    """Whether ``total`` is at least a constant: a few LUTs of and and or, without a carry chain."""
    reached = Const(1)
    for bit, place in enumerate(total):
        reached = place & reached if int(threshold) >> bit & 1 else place | reached
    return reached
