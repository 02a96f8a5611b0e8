"""Map walk: the words of a stored map in the order of a stream."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.sequential import Array

__all__ = ["MapWalk"]


class MapWalk(wiring.Component):
    """Bank and place of one word of a map after the other, over and over.

    Parameters
    ----------
    array : Array
    shape : (int, int, int)
        Height, width and channels of the map.
    base : int
        Its first place in each bank.
    bits : int
        Width of a place.

    Members
    -------
    advance : In(1)
        Go to the next word.
    bank, place : Out
    pixel_end, last : Out(1)
        It is the last word of its pixel, of the map.
    """

    def __init__(self, array: Array, shape: tuple[int, int, int], *, base: int, bits: int):
        self._array = array
        self._shape = shape
        self._base = base
        super().__init__(
            {
                "advance": In(1),
                "bank": Out(range(array.pixels)),
                "place": Out(bits, init=base),
                "pixel_end": Out(1),
                "last": Out(1),
            }
        )

    @property
    def array(self) -> Array:
        return self._array

    @property
    def shape(self) -> tuple[int, int, int]:
        return self._shape

    @property
    def base(self) -> int:
        return self._base

    def elaborate(self, platform):
        m = Module()

        banks, (_, width, channels) = self._array.pixels, self._shape
        pitch = self._array.pitch(channels)
        word, column, row_end = Signal(range(pitch)), Signal(range(width)), Signal()
        end = self._base + self._array.size(self._shape) - 1
        m.d.comb += [
            self.pixel_end.eq(word == pitch - 1),
            row_end.eq(column == width - 1),
            self.last.eq((self.place == end) & (self.bank == (width - 1) % banks)),
        ]
        with m.If(self.advance):
            m.d.sync += [word.eq(Mux(self.pixel_end, 0, word + 1)), self.place.eq(self.place + 1)]
        with m.If(self.advance & self.pixel_end):
            m.d.sync += column.eq(Mux(row_end, 0, column + 1))
            with m.If(row_end | (self.bank == banks - 1)):
                m.d.sync += self.bank.eq(0)
            with m.Else():
                m.d.sync += [self.bank.eq(self.bank + 1), self.place.eq(self.place - (pitch - 1))]
        with m.If(self.advance & self.last):
            m.d.sync += self.place.eq(self._base)

        return m
