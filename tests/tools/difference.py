"""Difference: an accelerator so small that its tools take no time."""

from amaranth.hdl import Module, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..accelerators import ports_of

__all__ = ["Difference"]


class Difference(wiring.Component):
    """Of each pair of codes the difference."""

    i: In(stream.Signature(data.ArrayLayout(unsigned(4), 2)))
    o: Out(stream.Signature(data.ArrayLayout(signed(5), 1)))

    ports = ports_of(input=(2, 4), output=(1, -5))

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [
            self.i.ready.eq(self.o.ready),
            self.o.valid.eq(self.i.valid),
            self.o.payload[0].eq(self.i.payload[0] - self.i.payload[1]),
        ]
        return m
