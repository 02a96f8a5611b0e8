"""Width byte: the number of a width that comes ahead of the codes of each image."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["WidthByte"]


class WidthByte(wiring.Component):
    """Bytes of images without the first of each, which is the width of the image.

    Parameters
    ----------
    inputs : int
        Codes of an image.
    widths : int
        Number of widths.

    Members
    -------
    i : In(stream.Signature(8))
        For each image a byte with its width, of which the low bits count, and its codes.
    o : Out(stream.Signature(8))
        The codes.
    hold : In(1)
        What came of the image before has not been taken yet; the width stays meanwhile.
    width : Out(range(widths))
        Width of the image whose codes come.
    """

    def __init__(self, inputs: int, *, widths: int):
        self._inputs = inputs
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "o": Out(stream.Signature(8)),
                "hold": In(1),
                "width": Out(range(widths)),
            }
        )

    @property
    def inputs(self) -> int:
        """Codes of an image."""
        return self._inputs

    def elaborate(self, platform):
        m = Module()

        place, first = Signal(range(self._inputs + 1)), Signal()
        m.d.comb += [
            first.eq(place == 0),
            self.o.payload.eq(self.i.payload),
            self.o.valid.eq(self.i.valid & ~first),
            self.i.ready.eq(Mux(first, ~self.hold, self.o.ready)),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += place.eq(Mux(place == self._inputs, 0, place + 1))
            with m.If(first):
                m.d.sync += self.width.eq(self.i.payload)

        return m
