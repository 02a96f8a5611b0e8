"""Loaded image: which program image an accelerator has."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.registers import WORD_BITS

__all__ = ["LoadedImage"]


class LoadedImage(wiring.Component):
    """Loaded image: its CRC-32, which are the last four bytes that were loaded.

    Members
    -------
    takes : In(1)
        Whether the accelerator takes a byte of a program image in this cycle.
    byte : In(8)
        That byte.
    loaded : In(1)
        Whether a program image has been loaded.
    crc : Out(32)
        Its CRC-32, 0 while there is none.
    """

    takes: In(1)
    byte: In(8)
    loaded: In(1)
    crc: Out(WORD_BITS)

    def elaborate(self, platform):
        m = Module()

        latest = Signal(WORD_BITS)
        with m.If(self.takes):
            m.d.sync += latest.eq(Cat(latest[8:], self.byte))
        m.d.comb += self.crc.eq(Mux(self.loaded, latest, 0))

        return m
