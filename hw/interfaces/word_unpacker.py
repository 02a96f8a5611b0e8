"""Word unpacker: codes from words of a bus."""

from math import gcd

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError
from threefold.registers import WORD_BITS

from ..stream import lane_stream

__all__ = ["WordUnpacker"]


class WordUnpacker(wiring.Component):
    """Unpacker of words of 32 bits into codes: 4 a word, or 2 of more than 8 bits, lowest first.

    An image begins with a word of its own: what is left of the word with its last code is dropped.
    As many codes leave at a time as divide both a word and the lanes they are meant for, so that a
    deserializer is all that follows. A word is taken in the cycle in which the last codes of the
    one before leave.

    Parameters
    ----------
    bits : int
        Width of a code, 1 to 16.
    codes : int
        Codes of an image, a multiple of ``lanes``.
    lanes : int
        Lanes of a beat of the accelerator.

    Members
    -------
    i : In(stream.Signature(32))
    o : Out(lane_stream(bits, o_lanes))

    Raises
    ------
    PlanError
        If the width is out of range, or lanes do not divide the image.
    """

    def __init__(self, bits: int, *, codes: int, lanes: int):
        if not 1 <= bits <= 16:
            raise PlanError(f"words carry codes of 1 to 16 bits, not {bits}")
        if lanes < 1 or codes < 1 or codes % lanes:
            raise PlanError(f"lanes must divide {codes} codes of an image, not {lanes}")
        self._bits = bits
        self._codes = codes
        self._lanes = lanes
        super().__init__(
            {"i": In(stream.Signature(WORD_BITS)), "o": Out(lane_stream(bits, self.o_lanes))}
        )

    @property
    def bits(self) -> int:
        """Width of a code."""
        return self._bits

    @property
    def codes(self) -> int:
        """Codes of an image."""
        return self._codes

    @property
    def lanes(self) -> int:
        """Lanes of a beat of the accelerator."""
        return self._lanes

    @property
    def codes_per_word(self) -> int:
        """Codes in a word."""
        return 4 if self._bits <= 8 else 2

    @property
    def o_lanes(self) -> int:
        """Codes that leave at a time."""
        return gcd(self.codes_per_word, self._lanes)

    def elaborate(self, platform):
        m = Module()

        stride = WORD_BITS // self.codes_per_word
        parts, beats = self.codes_per_word // self.o_lanes, self._codes // self.o_lanes
        word = Signal(WORD_BITS, reset_less=True)
        left = Signal(range(parts + 1))
        ends = Signal()
        takes, gives = self.i.valid & self.i.ready, self.o.valid & self.o.ready

        m.d.comb += [
            self.o.valid.eq(left != 0),
            self.i.ready.eq((left == 0) | (((left == 1) | ends) & self.o.ready)),
        ]
        for lane in range(self.o_lanes):
            m.d.comb += self.o.payload[lane].eq(word[lane * stride : lane * stride + self._bits])
        with m.If(gives):
            m.d.sync += [left.eq(left - 1), word.eq(word >> self.o_lanes * stride)]
            with m.If(ends):
                m.d.sync += left.eq(0)
        with m.If(takes):
            m.d.sync += [left.eq(parts), word.eq(self.i.payload)]

        if beats % parts:  # the last word of an image is not full
            place = Signal(range(beats))
            m.d.comb += ends.eq(place == beats - 1)
            with m.If(gives):
                m.d.sync += place.eq(place + 1)
                with m.If(ends):
                    m.d.sync += place.eq(0)

        return m
