"""Byte stuffing: frames between flags, whose bytes are escaped."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["ESCAPE", "FLAG", "Destuffer", "FramedByte", "PlainByte", "Stuffer"]

FLAG = 0x7E
"""Byte at the beginning and end of a frame."""

ESCAPE = 0x7D
"""Byte in front of one that is escaped."""

_FLIPPED = 0x20


class PlainByte(data.Struct):
    """A byte of a frame, or one that is sent as it is.

    Members
    -------
    byte : 8
    raw : 1
        Whether the byte is not escaped, as a flag is not.
    """

    byte: 8
    raw: 1


class FramedByte(data.Struct):
    """A byte of a frame, or its end.

    Members
    -------
    byte : 8
    end : 1
        Whether the frame ends here; ``byte`` is not part of it.
    aborted : 1
        Whether it ends behind an escape.
    """

    byte: 8
    end: 1
    aborted: 1


class Stuffer(wiring.Component):
    """Stuffer: escapes what would be taken for a flag or an escape.

    Members
    -------
    i : In(stream.Signature(PlainByte))
    o : Out(stream.Signature(8))
    """

    i: In(stream.Signature(PlainByte))
    o: Out(stream.Signature(8))

    def elaborate(self, platform):
        m = Module()

        byte, raw = self.i.payload.byte, self.i.payload.raw
        special, second, escapes, flips = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            special.eq(~raw & (byte[2:] == FLAG >> 2) & (byte[0] ^ byte[1])),
            escapes.eq(special & ~second),
            flips.eq(special & second),
            self.o.valid.eq(self.i.valid),
            # Of what is escaped only the two lowest bits are not those of an escape.
            self.o.payload.eq(
                Cat(byte[0] | escapes, byte[1] & ~escapes, byte[2:]) ^ Mux(flips, _FLIPPED, 0)
            ),
            self.i.ready.eq(self.o.ready & ~escapes),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += second.eq(escapes)

        return m


class Destuffer(wiring.Component):
    """Destuffer: bytes of frames from bytes of a line.

    Members
    -------
    i : In(stream.Signature(8))
    o : Out(stream.Signature(FramedByte))
    """

    i: In(stream.Signature(8))
    o: Out(stream.Signature(FramedByte))

    def elaborate(self, platform):
        m = Module()

        escapes, escaped = Signal(), Signal()
        m.d.comb += [
            escapes.eq((self.i.payload == ESCAPE) & ~escaped),
            self.o.valid.eq(self.i.valid & ~escapes),
            self.o.payload.byte.eq(self.i.payload ^ Mux(escaped, _FLIPPED, 0)),
            self.o.payload.end.eq(self.i.payload == FLAG),
            self.o.payload.aborted.eq(escaped),
            self.i.ready.eq(escapes | self.o.ready),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += escaped.eq(escapes)

        return m
