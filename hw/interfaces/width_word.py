"""Width word: the number of a width that comes ahead of the codes of each image."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["WidthWord", "widths_of"]


def widths_of(accelerator: wiring.Component) -> int:
    """Widths of the network at which an accelerator computes images."""
    plan = getattr(accelerator, "plan", None)
    return 1 + len(plan.widths) if plan else 1


class WidthWord(wiring.Component):
    """Words of images without the first of each, which is the width of the image.

    Parameters
    ----------
    words : int
        Words with the codes of an image.
    bits : int
        Width of a word.
    widths : int
        Number of widths.

    Members
    -------
    i : In(stream.Signature(bits))
        For each image a word with its width, of which the low bits count, and those of its codes.
    o : Out(stream.Signature(bits))
        Those of its codes.
    hold : In(1)
        What came of the image before has not been taken yet; the width stays meanwhile.
    width : Out(range(widths))
        Width of the image whose codes come.
    """

    def __init__(self, words: int, *, bits: int, widths: int):
        self._words = words
        super().__init__(
            {
                "i": In(stream.Signature(bits)),
                "o": Out(stream.Signature(bits)),
                "hold": In(1),
                "width": Out(range(widths)),
            }
        )

    @property
    def words(self) -> int:
        """Words with the codes of an image."""
        return self._words

    def elaborate(self, platform):
        m = Module()

        place, first = Signal(range(self._words + 1)), Signal()
        m.d.comb += [
            first.eq(place == 0),
            self.o.payload.eq(self.i.payload),
            self.o.valid.eq(self.i.valid & ~first),
            self.i.ready.eq(Mux(first, ~self.hold, self.o.ready)),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += place.eq(Mux(place == self._words, 0, place + 1))
            with m.If(first):
                m.d.sync += self.width.eq(self.i.payload)

        return m
