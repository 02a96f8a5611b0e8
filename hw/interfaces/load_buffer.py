"""Load buffer: bytes of program images that a bus writes, one at a time."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["LoadBuffer"]


class LoadBuffer(wiring.Component):
    """Buffer of one byte between a register that is written and an accelerator that is loaded.

    Members
    -------
    write : In(1)
        Whether a byte is written; it is lost where one waits.
    byte : In(8)
        That byte.
    o : Out(stream.Signature(8))
        Bytes for the accelerator.
    """

    write: In(1)
    byte: In(8)
    o: Out(stream.Signature(8))

    def elaborate(self, platform):
        m = Module()

        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(self.write & ~self.o.valid):
            m.d.sync += [self.o.valid.eq(1), self.o.payload.eq(self.byte)]

        return m
