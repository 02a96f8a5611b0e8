"""Binary search among the sorted levels of many channels."""

import numpy as np
from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..plan.latency import requantizer_latency
from .rom import rom

__all__ = ["LevelSearch"]


class LevelSearch(wiring.Component):
    """Counts how many of a channel's levels a total reaches: one comparison for each bit.

    The search is pipelined. Step ``j`` knows the upper ``j`` bits of the code, which with the
    channel address a memory of ``2^j`` levels a channel; its comparison gives the next bit. So
    a k-bit code takes k comparators and k memories, not 2^k − 1 of each, and one total a cycle
    still goes through. A step takes two cycles, one to read and one to compare: block RAM is
    too slow for both.

    The pipeline never waits. To stall it, wrap it in an ``EnableInserter``.

    Parameters
    ----------
    levels : array of int, shape (channels, largest code)
        Each row ascending, within 0…2^total_bits − 1; totals stay below 2^total_bits − 1.
    total_bits : int
        Width of a total.

    Members
    -------
    total : In(total_bits)
    channel : In
        Whose levels to compare with.
    code : Out(bits)
        Number of levels reached by the total of ``latency`` cycles ago.
    """

    def __init__(self, levels: np.ndarray, *, total_bits: int):
        self._levels = np.asarray(levels)
        self._total_bits = total_bits
        self._bits = self._levels.shape[1].bit_length()
        super().__init__(
            {
                "total": In(total_bits),
                "channel": In(range(len(self._levels))),
                "code": Out(self._bits),
            }
        )

    @property
    def levels(self) -> np.ndarray:
        return self._levels

    @property
    def total_bits(self) -> int:
        return self._total_bits

    @property
    def bits(self) -> int:
        """Width of a code, and the number of steps."""
        return self._bits

    @property
    def latency(self) -> int:
        """Cycles from a total to its code."""
        return requantizer_latency(self._bits)

    def elaborate(self, platform):
        m = Module()

        total, channel, code = self.total, self.channel, Signal(0)
        for step, rows in enumerate(self._tables()):
            m.submodules[f"levels_{step}"] = table = rom(self._total_bits, rows)
            port = table.read_port()
            m.d.comb += port.addr.eq(Cat(code, channel))
            for phase in ("read", "compare"):
                total, channel, code = (
                    _registered(m, f"{phase}_{what}_{step}", value)
                    for what, value in (("total", total), ("channel", channel), ("code", code))
                )
                if phase == "read":
                    code = Cat(total >= port.data, code)
        m.d.comb += self.code.eq(code)

        return m

    def _tables(self) -> list[list[int]]:
        """For each step its levels, addressed by channel and the bits known by then.

        Where there are fewer levels than a full binary tree has, the rest are the largest
        word, which no total reaches.
        """
        channels, largest = self._levels.shape
        tree = np.full((channels, 2**self._bits), 2**self._total_bits - 1)
        tree[:, 1 : largest + 1] = self._levels
        tables = []
        for step in range(self._bits):
            half = 2 ** (self._bits - 1 - step)
            tables.append([int(level) for level in tree[:, half :: 2 * half].ravel()])
        return tables


def _registered(m: Module, name: str, value) -> Signal:
    register = Signal(len(value), name=name, reset_less=True)
    m.d.sync += register.eq(value)
    return register
