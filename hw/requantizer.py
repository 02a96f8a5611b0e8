"""Codes from totals, channel by channel."""

import numpy as np
from amaranth.hdl import Cat, EnableInserter, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..errors import PlanError
from ..plan.latency import requantizer_latency
from .level_search import LevelSearch
from .stream import lane_stream

__all__ = ["Requantizer"]


class Requantizer(wiring.Component):
    """Turns totals into codes, each by the levels of its channel; see :class:`LevelSearch`.

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
        """Width of a code."""
        return self._bits

    @property
    def latency(self) -> int:
        """Cycles from the transfer of totals to their codes."""
        return requantizer_latency(self._bits)

    def elaborate(self, platform):
        m = Module()

        groups = len(self._levels) // self._lanes
        group = Signal(range(groups))
        valid = Signal(self.latency)
        advance = Signal()

        m.d.comb += [
            self.o.valid.eq(valid[-1]),
            advance.eq(~self.o.valid | self.o.ready),
            self.i.ready.eq(advance),
        ]
        with m.If(advance):
            m.d.sync += valid.eq(Cat(self.i.valid, valid))
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += group.eq(Mux(group == groups - 1, 0, group + 1))

        for lane in range(self._lanes):
            search = LevelSearch(self._levels[lane :: self._lanes], total_bits=self._total_bits)
            m.submodules[f"search_{lane}"] = EnableInserter(advance)(search)
            m.d.comb += [
                search.total.eq(self.i.payload[lane]),
                search.channel.eq(group),
                self.o.payload[lane].eq(search.code),
            ]

        return m
