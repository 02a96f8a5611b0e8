"""Request queue: registers between who asks for bursts and the controller of an SDRAM."""

from amaranth.hdl import Module, Mux, Shape, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["RequestQueue"]


class RequestQueue(wiring.Component):
    """Two requests, so that no path leads from one side to the other.

    They come a cycle later, and follow each other in the cycles in which they would without it.

    Parameters
    ----------
    bits : int
        Width of a request.

    Members
    -------
    restart : In(1)
        Forget those that are there.
    i : In(stream.Signature(bits))
    o : Out(stream.Signature(bits))
    """

    def __init__(self, bits: int):
        self._bits = bits
        requests = stream.Signature(Shape(bits))
        super().__init__({"restart": In(1), "i": In(requests), "o": Out(requests)})

    @property
    def bits(self) -> int:
        return self._bits

    def elaborate(self, platform):
        m = Module()

        # No reset is beside that of who asks, so that nothing is between it and the registers.
        there, waits = Signal(reset_less=True), Signal(reset_less=True)
        first, second = (Signal(self._bits, name=n, reset_less=True) for n in ("first", "second"))
        free = Signal()
        m.d.comb += [
            free.eq(~there | self.o.ready),
            self.i.ready.eq(~waits),
            self.o.valid.eq(there),
            self.o.payload.eq(first),
        ]
        m.d.sync += waits.eq((waits | self.i.valid) & ~free)
        with m.If(~waits):
            m.d.sync += second.eq(self.i.payload)
        with m.If(free):
            m.d.sync += [
                there.eq(waits | self.i.valid),
                first.eq(Mux(waits, second, self.i.payload)),
            ]
        with m.If(self.restart):
            m.d.sync += [there.eq(0), waits.eq(0)]

        return m
