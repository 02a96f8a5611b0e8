"""CRC-32, a bit a cycle."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["CRC32"]

_BITS = 32
_POLYNOMIAL = 0xEDB88320  # the highest power at the lowest bit, as bits come lowest first


class CRC32(wiring.Component):
    """CRC-32 as ``zlib.crc32`` computes it, in a shift register.

    With ``plain`` the register only shifts: so the CRC leaves it, and any 32 bits may be kept
    where no CRC is being computed.

    Members
    -------
    start : In(1)
        Begins another CRC.
    shift : In(1)
        Takes a bit, unless another CRC begins.
    plain : In(1)
        Whether it moves in at the top, and nothing else happens to the others.
    bit : In(1)
        The bit.
    low : Out(1)
        Lowest bit of the register: what moved in 32 bits before, or the complement of the next bit
        of the CRC, whose lowest one is sent first.
    """

    start: In(1)
    shift: In(1)
    plain: In(1)
    bit: In(1)
    low: Out(1)

    def elaborate(self, platform):
        m = Module()

        state, feedback = Signal(_BITS, init=-1), Signal()
        m.d.comb += [
            self.low.eq(state[0]),
            feedback.eq(~self.plain & (self.bit ^ state[0])),
        ]
        top = Mux(self.plain, self.bit, feedback)
        below = state[1:] ^ Mux(feedback, _POLYNOMIAL, 0)[: _BITS - 1]
        with m.If(self.shift):
            m.d.sync += state.eq(Cat(below, top))
        with m.If(self.start):
            m.d.sync += state.eq(-1)

        return m
