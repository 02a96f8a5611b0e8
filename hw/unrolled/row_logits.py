"""Row logit: the product of a row with a constant added."""

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["RowLogit", "low_zeros"]


class RowLogit(wiring.Component):
    """Adder of a constant: ``o = i · 2^shift + offset``, a cycle later.

    Bits below the lowest one of the constant pass.

    Parameters
    ----------
    bits : int
        Width of the unsigned signal of the row.
    shift : int
    offset : int
    logit_bits : int
        Width of the signed logit, which is wide enough.

    Members
    -------
    i : In(bits)
    o : Out(signed(logit_bits))
    """

    def __init__(self, *, bits: int, shift: int, offset: int, logit_bits: int):
        self._bits = bits
        self._shift = shift
        self._offset = offset
        self._logit_bits = logit_bits
        super().__init__({"i": In(bits), "o": Out(signed(logit_bits))})

    @property
    def bits(self) -> int:
        return self._bits

    @property
    def shift(self) -> int:
        return self._shift

    @property
    def offset(self) -> int:
        return self._offset

    @property
    def logit_bits(self) -> int:
        return self._logit_bits

    def elaborate(self, platform):
        m = Module()
        scaled = self.i << self._shift
        passing = low_zeros(self._offset, min(len(scaled), self._logit_bits - 1))
        upper = Signal(signed(self._logit_bits - passing))
        m.d.comb += upper.eq(scaled[passing:] + (self._offset >> passing))
        logit = Signal(signed(self._logit_bits), reset_less=True)
        m.d.sync += logit.eq(Cat(scaled[:passing], upper).as_signed())
        m.d.comb += self.o.eq(logit)
        return m


def low_zeros(value: int, most: int) -> int:
    """Zeros below the lowest one of a constant, at most so many."""
    return min(most, (value & -value).bit_length() - 1) if value else most
