"""Logit adder: signed logits from unsigned accumulator values."""

from collections.abc import Sequence

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError
from threefold.plan.latency import logit_latency
from threefold.plan.shifts import shifts

from .family import family_of
from .register import registered
from .rom import rom
from .stream import lane_stream

__all__ = ["LogitAdder"]


class LogitAdder(wiring.Component):
    """Adder of each channel's offset: ``logit = step · accumulator value + offset``.

    A multiple is a sum of shifts, by twos and with a register behind each.

    Parameters
    ----------
    offsets : array of int, shape (channels,)
        Modulo 2^logit_bits, as everything is added.
    step : int
        At least 1.
    accumulator_bits, logit_bits : int
        Widths of an unsigned accumulator value and of a signed logit.
    lanes : int
        Accumulator values taken at once, a divisor of the number of channels.
    narrower : sequence of array of int, shape (channels,)
        Offsets at further widths of a network.

    Members
    -------
    i : In(lane_stream(accumulator_bits, lanes))
        Accumulator values, channel by channel.
    width : In(range(1 + len(narrower)))
        With accumulator values: whose offsets are added. Only if there are several.
    o : Out(lane_stream(signed(logit_bits), lanes))
        Logits, ``latency`` cycles later.

    Raises
    ------
    PlanError
        If ``lanes`` does not divide the channels, or ``step`` is below 1.
    """

    def __init__(
        self,
        offsets: np.ndarray,
        *,
        step: int,
        accumulator_bits: int,
        logit_bits: int,
        lanes: int,
        narrower: Sequence[np.ndarray] = (),
    ):
        if lanes < 1 or len(offsets) % lanes:
            raise PlanError(f"lanes must divide {len(offsets)} channels, not {lanes}")
        if step < 1:
            raise PlanError(f"the step of logits must be at least 1, not {step}")
        self._offsets = np.asarray(offsets)
        self._step = step
        self._accumulator_bits = accumulator_bits
        self._logit_bits = logit_bits
        self._lanes = lanes
        self._narrower = tuple(narrower)
        super().__init__(
            {
                "i": In(lane_stream(accumulator_bits, lanes)),
                "o": Out(lane_stream(signed(logit_bits), lanes)),
            }
            | ({"width": In(range(1 + len(self._narrower)))} if self._narrower else {})
        )

    @property
    def offsets(self) -> np.ndarray:
        return self._offsets

    @property
    def step(self) -> int:
        return self._step

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def narrower(self) -> tuple[np.ndarray, ...]:
        return self._narrower

    @property
    def latency(self) -> int:
        """Cycles from an accumulator value to its logit."""
        return logit_latency(self._step)

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

        place = self._place(m, group, groups)
        with m.If(advance):
            for level in range(self.latency - 2):
                place = registered(m, f"group_{level}", place)

        for lane in range(self._lanes):
            half = 1 << (self._logit_bits - 1)
            offsets = [
                (int(offset) + half) % (2 * half) - half
                for width in (self._offsets, *self._narrower)
                for offset in width[lane :: self._lanes]
            ]
            m.submodules[f"offsets_{lane}"] = table = rom(
                signed(self._logit_bits), offsets, family=family_of(platform)
            )
            port = table.read_port()
            total = Signal(self._accumulator_bits, name=f"total_{lane}", reset_less=True)
            logit = Signal(signed(self._logit_bits), name=f"logit_{lane}", reset_less=True)
            m.d.comb += [
                port.addr.eq(place),
                port.en.eq(advance),
                self.o.payload[lane].eq(logit),
            ]
            with m.If(advance):
                multiple = _multiple(m, f"multiple_{lane}", total, self._step)
                m.d.sync += [
                    total.eq(self.i.payload[lane]),
                    logit.eq(multiple + port.data),
                ]

        return m

    def _place(self, m: Module, group: Signal, groups: int) -> Signal:
        """Where the offsets of a group are, at the width that comes with its values."""
        if not self._narrower:
            return group
        place = Signal(range(groups * (1 + len(self._narrower))))
        with m.Switch(self.width):
            for number in range(1 + len(self._narrower)):
                with m.Case(number):
                    m.d.comb += place.eq(group + number * groups)
        return place


def _multiple(m: Module, name: str, total: Signal, step: int) -> Value:
    """``step`` times a value: its shifts, added by twos with a register behind each sum."""
    # Of any shifts that follow each other the first is the largest, so that no sum is negative.
    terms = [(total << each.places, 1 << each.places, each.subtracted) for each in shifts(step)]
    while len(terms) > 1:
        sums = []
        for place in range(0, len(terms), 2):
            one, factor, subtracted = terms[place]
            for other, more, opposed in terms[place + 1 : place + 2]:
                differ = opposed != subtracted
                one = one - other if differ else one + other
                factor += -more if differ else more
            largest = factor * (2 ** len(total) - 1)
            register = Signal(largest.bit_length(), name=f"{name}_{factor}", reset_less=True)
            m.d.sync += register.eq(one)
            sums.append((register, factor, subtracted))
        terms = sums
    return terms[0][0]
