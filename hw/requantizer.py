"""Codes from totals, by binary search among each channel's sorted levels."""

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..errors import PlanError
from .rom import rom
from .stream import lane_stream

__all__ = ["Requantizer"]


class Requantizer(wiring.Component):
    """Counts how many of its channel's levels a total reaches: one comparison for each bit.

    The search is pipelined. Stage ``j`` knows the upper ``j`` bits of the code, which with the
    channel address a memory of ``2^j`` levels a channel; its comparison gives the next bit. So
    a k-bit code takes k comparators and k memories, not 2^k − 1 of each, and one beat a cycle
    still goes through.

    Parameters
    ----------
    levels : array of int, shape (channels, largest code)
        Each row ascending, within 0…2^total_bits − 1; totals stay below 2^total_bits − 1.
    total_bits : int
        Width of a total.
    lanes : int
        Totals compared at once, a divisor of the number of channels.

    Members
    -------
    i : In(lane_stream(total_bits, lanes))
        Totals, channel by channel.
    o : Out(lane_stream(bits, lanes))
        Codes, ``latency`` cycles later.

    Raises
    ------
    PlanError
        If ``lanes`` does not divide the channels.
    """

    def __init__(self, levels: np.ndarray, *, total_bits: int, lanes: int):
        levels = np.asarray(levels)
        if lanes < 1 or len(levels) % lanes:
            raise PlanError(f"lanes must divide {len(levels)} channels, not {lanes}")
        self._levels = levels
        self._total_bits = total_bits
        self._lanes = lanes
        self._bits = levels.shape[1].bit_length()
        super().__init__(
            {"i": In(lane_stream(total_bits, lanes)), "o": Out(lane_stream(self._bits, lanes))}
        )

    @property
    def levels(self) -> np.ndarray:
        return self._levels

    @property
    def total_bits(self) -> int:
        return self._total_bits

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def bits(self) -> int:
        """Width of a code, and the number of stages."""
        return self._bits

    @property
    def latency(self) -> int:
        """Cycles from the transfer of totals to their codes."""
        return self._bits

    def elaborate(self, platform):
        m = Module()

        groups = len(self._levels) // self._lanes
        group = Signal(range(groups))
        valid = [Signal(name=f"valid_{stage}") for stage in range(self._bits)]
        advance = Signal()

        m.d.comb += [
            self.o.valid.eq(valid[-1]),
            advance.eq(~self.o.valid | self.o.ready),
            self.i.ready.eq(advance),
        ]
        with m.If(advance):
            m.d.sync += Cat(valid).eq(Cat(self.i.valid, valid))
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += group.eq(Mux(group == groups - 1, 0, group + 1))

        for lane in range(self._lanes):
            total, channel, code = self.i.payload[lane], group, Cat()
            tables = _search_tables(self._levels[lane :: self._lanes], self._total_bits)
            for stage, rows in enumerate(tables):
                m.submodules[f"levels_{lane}_{stage}"] = table = rom(self._total_bits, rows)
                port = table.read_port()
                held_total = Signal(self._total_bits, name=f"total_{lane}_{stage}", reset_less=True)
                held_channel = Signal(
                    range(groups), name=f"channel_{lane}_{stage}", reset_less=True
                )
                held_code = Signal(stage, name=f"code_{lane}_{stage}", reset_less=True)
                m.d.comb += [port.addr.eq(Cat(code, channel)), port.en.eq(advance)]
                with m.If(advance):
                    m.d.sync += [
                        held_total.eq(total),
                        held_channel.eq(channel),
                        held_code.eq(code),
                    ]
                total, channel = held_total, held_channel
                code = Cat(held_total >= port.data, held_code)
            m.d.comb += self.o.payload[lane].eq(code)

        return m


def _search_tables(levels: np.ndarray, total_bits: int) -> list[list[int]]:
    """For each stage its levels, addressed by channel and the code bits known by then.

    Where there are fewer levels than a full binary tree has, the rest are the largest word,
    which no total reaches.
    """
    channels, largest = levels.shape
    bits = largest.bit_length()
    tree = np.full((channels, 2**bits), 2**total_bits - 1)
    tree[:, 1 : largest + 1] = levels
    tables = []
    for stage in range(bits):
        half = 2 ** (bits - 1 - stage)
        tables.append([int(level) for level in tree[:, half :: 2 * half].ravel()])
    return tables
