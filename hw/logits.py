"""Logit adder: signed logits from unsigned accumulator values."""

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError
from threefold.plan.latency import LOGIT_LATENCY

from .family import family_of
from .rom import rom
from .stream import lane_stream

__all__ = ["LogitAdder"]


class LogitAdder(wiring.Component):
    """Adder of each channel's offset: ``logit = step · accumulator value + offset``.

    Parameters
    ----------
    offsets : array of int, shape (channels,)
    step : int
        A power of two.
    accumulator_bits, logit_bits : int
        Widths of an unsigned accumulator value and of a signed logit.
    lanes : int
        Accumulator values taken at once, a divisor of the number of channels.

    Members
    -------
    i : In(lane_stream(accumulator_bits, lanes))
        Accumulator values, channel by channel.
    o : Out(lane_stream(signed(logit_bits), lanes))
        Logits, two cycles later: one to read the offset, one to add it.

    Raises
    ------
    PlanError
        If ``lanes`` does not divide the channels, or ``step`` is no power of two.
    """

    latency = LOGIT_LATENCY

    def __init__(
        self, offsets: np.ndarray, *, step: int, accumulator_bits: int, logit_bits: int, lanes: int
    ):
        if lanes < 1 or len(offsets) % lanes:
            raise PlanError(f"lanes must divide {len(offsets)} channels, not {lanes}")
        if step < 1 or step & (step - 1):
            raise PlanError(f"the step of logits must be a power of two, not {step}")
        self._offsets = np.asarray(offsets)
        self._shift = step.bit_length() - 1
        self._accumulator_bits = accumulator_bits
        self._logit_bits = logit_bits
        self._lanes = lanes
        super().__init__(
            {
                "i": In(lane_stream(accumulator_bits, lanes)),
                "o": Out(lane_stream(signed(logit_bits), lanes)),
            }
        )

    @property
    def offsets(self) -> np.ndarray:
        return self._offsets

    @property
    def lanes(self) -> int:
        return self._lanes

    def elaborate(self, platform):
        m = Module()

        groups = len(self._offsets) // self._lanes
        group = Signal(range(groups))
        valid = Signal(self.latency)
        advance, accept = Signal(), Signal()
        m.d.comb += [
            self.o.valid.eq(valid[-1]),
            advance.eq(~self.o.valid | self.o.ready),
            self.i.ready.eq(advance),
            accept.eq(self.i.valid & self.i.ready),
        ]
        with m.If(advance):
            m.d.sync += valid.eq(Cat(self.i.valid, valid))
        with m.If(accept):
            m.d.sync += group.eq(Mux(group == groups - 1, 0, group + 1))

        for lane in range(self._lanes):
            offsets = [int(offset) for offset in self._offsets[lane :: self._lanes]]
            m.submodules[f"offsets_{lane}"] = table = rom(
                signed(self._logit_bits), offsets, family=family_of(platform)
            )
            port = table.read_port()
            total = Signal(self._accumulator_bits, name=f"total_{lane}", reset_less=True)
            logit = Signal(signed(self._logit_bits), name=f"logit_{lane}", reset_less=True)
            m.d.comb += [
                port.addr.eq(group),
                port.en.eq(advance),
                self.o.payload[lane].eq(logit),
            ]
            with m.If(advance):
                m.d.sync += [
                    total.eq(self.i.payload[lane]),
                    logit.eq((total << self._shift) + port.data),
                ]

        return m
