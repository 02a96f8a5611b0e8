"""Levels in a memory, and the comparators behind it."""

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from .rom import rom

__all__ = ["LevelMemory"]


class LevelMemory(wiring.Component):
    """Reads a row of levels, and in the next cycle compares a total with each of them.

    Parameters
    ----------
    rows : array of int, shape (rows, levels of a row)
        Within 0…2^total_bits − 1.
    total_bits : int
        Width of a total.

    Members
    -------
    row : In
        Which row to read.
    total : In(total_bits)
        What to compare with the row addressed in the cycle before.
    reached : Out(levels of a row)
        Bit n: ``total`` is at least the n-th level of that row.
    """

    def __init__(self, rows: np.ndarray, *, total_bits: int):
        self._rows = np.asarray(rows)
        self._total_bits = total_bits
        super().__init__(
            {
                "row": In(ceil_log2(len(self._rows))),
                "total": In(total_bits),
                "reached": Out(self._rows.shape[1]),
            }
        )

    @property
    def rows(self) -> np.ndarray:
        return self._rows

    @property
    def total_bits(self) -> int:
        return self._total_bits

    def elaborate(self, platform):
        m = Module()

        # A comparison subtracts. On iCE40 the complement which that takes would be LUTs, unless
        # it is what the memory holds.
        inverted = getattr(platform, "family", None) == "ice40"
        top = 2**self._total_bits - 1
        shape = data.ArrayLayout(self._total_bits, self._rows.shape[1])
        words = (top - self._rows if inverted else self._rows).tolist()
        m.submodules.levels = levels = rom(shape, words)
        port = levels.read_port()
        m.d.comb += port.addr.eq(self.row)
        for index in range(self._rows.shape[1]):
            level = ~port.data[index] if inverted else port.data[index]
            m.d.comb += self.reached[index].eq(self.total >= level)

        return m
