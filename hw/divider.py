"""Divider: codes by evenly spaced thresholds, a quotient whose bits come one by one."""

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.even import EvenThresholds

from .family import family_of
from .rom import rom

__all__ = ["Divider"]


class Divider(wiring.Component):
    """Restoring division of one accumulator value at a time: a subtractor and a small memory.

    From the value, the start of its channel's thresholds is subtracted, then their distance as
    often as it goes, times a power of two that halves in each cycle. A memory holds two words a
    channel, without the lowest bits that are 0 in all words. It never waits: to stall it, wrap it
    in an ``EnableInserter``.

    Parameters
    ----------
    even : EvenThresholds
        Thresholds of each channel.
    accumulator_bits : int
        Width of an accumulator value, which stays below the largest of these.

    Members
    -------
    start : In(1)
        Divide ``total``. Only when no division is under way: the next can start in the cycle in
        which ``code`` is there.
    total : In(accumulator_bits)
        Accumulator value, read when the division starts.
    channel : In
        Whose thresholds to divide by. It has to stay for the cycle after the start.
    code : Out(bits)
        Number of thresholds reached, in the cycle that is ``bits + 3`` after the start.
    """

    def __init__(self, even: EvenThresholds, *, accumulator_bits: int):
        self._even = even
        self._accumulator_bits = accumulator_bits
        super().__init__(
            {
                "start": In(1),
                "total": In(accumulator_bits),
                "channel": In(range(len(even.starts))),
                "code": Out(even.bits),
            }
        )

    @property
    def even(self) -> EvenThresholds:
        return self._even

    @property
    def accumulator_bits(self) -> int:
        return self._accumulator_bits

    def elaborate(self, platform):
        m = Module()

        even = self._even
        word = signed(even.word_bits)
        steps = even.distances << (even.bits - 1)
        zeros, stored = even.common_zeros, signed(even.stored_bits)
        words = (np.stack([even.starts, steps], axis=1).ravel() >> zeros).tolist()
        m.submodules.words = memory = rom(stored, words, family=family_of(platform))
        port = memory.read_port()

        # The cycles after the start: first the word is read that the value begins at, then it is
        # subtracted and the other one is read.
        loading = Signal(2)
        remainder, subtrahend = Signal(word, reset_less=True), Signal(word, reset_less=True)
        difference = Signal(word)
        code = Signal(even.bits, reset_less=True)
        fits = ~difference[-1]
        m.d.comb += [
            port.addr.eq(Cat(loading[0], self.channel)),
            difference.eq(remainder - subtrahend),
            self.code.eq(code),
        ]
        m.d.sync += [
            loading.eq(Cat(self.start, loading[0])),
            subtrahend.eq(Mux(loading.any(), port.data << zeros, subtrahend >> 1)),
            code.eq(Cat(fits, code)),
        ]
        with m.If(self.start | ~loading[0] & (loading[1] | fits)):
            m.d.sync += remainder.eq(Mux(self.start, self.total << even.fraction, difference))

        return m
