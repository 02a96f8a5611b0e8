"""Serial adder: a digit of two numbers a cycle, the lowest first."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.unrolled.serial import CHAINED

from ..carry_chain import Place, carry_chain
from ..family import family_of

__all__ = ["SerialAdder"]


class SerialAdder(wiring.Component):
    """Adder that keeps the carry of a digit for the next.

    Where the family has a :class:`~threefold.fpga.MaskedCarry`, digits of several bits go through
    cells of it; otherwise those of :data:`~threefold.plan.unrolled.serial.CHAINED` bits go through
    a carry chain, and a bit of narrower ones takes two LUTs.

    Parameters
    ----------
    digit : int
        Bits of a digit.
    subtracts : bool
        Whether the complement of ``b`` is added.
    carry : int
        Carry that a number begins with, 0 or 1.

    Members
    -------
    a, b : In(digit)
    first : In(1)
        They are the lowest digits.
    o : Out(digit)
    """

    def __init__(self, *, digit: int, subtracts: bool = False, carry: int = 0):
        self._digit = digit
        self._subtracts = subtracts
        self._carry = carry
        super().__init__({"a": In(digit), "b": In(digit), "first": In(1), "o": Out(digit)})

    @property
    def digit(self) -> int:
        return self._digit

    @property
    def subtracts(self) -> bool:
        return self._subtracts

    @property
    def carry(self) -> int:
        return self._carry

    def elaborate(self, platform):
        m = Module()
        kept = Signal(reset_less=True)
        cell = family_of(platform).masked_carry
        if cell is None and self._digit >= CHAINED:
            begin, addend = Mux(self.first, self._carry, kept), self.b
            total = Cat(Const(1, 1), self.a) + Cat(begin, ~addend if self._subtracts else addend)
            bits, carry = total[1 : 1 + self._digit], total[1 + self._digit]
        elif cell is None or self._digit == 1:
            bits, carry = self._in_luts(Mux(self.first, self._carry, kept))
        else:
            zero, one = Const(0, 1), Const(1, 1)
            turn = one if self._subtracts else zero
            # The first place gives what was kept, but lets pass the carry that a number begins
            # with.
            places = [Place(kept, kept, one, self.first)]
            places += [Place(b, a, one, turn) for a, b in zip(self.a, self.b, strict=True)]
            places.append(Place(zero, zero, zero, zero))
            total = carry_chain(m, cell, places, Const(self._carry, 1))
            bits, carry = total[1 : 1 + self._digit], total[1 + self._digit]
        m.d.comb += self.o.eq(bits)
        m.d.sync += kept.eq(carry)
        return m

    def _in_luts(self, carry: Value) -> tuple[Value, Value]:
        """The sum, and the carry out of it."""
        bits = []
        for a, b in zip(self.a, ~self.b if self._subtracts else self.b, strict=True):
            bits.append(a ^ b ^ carry)
            carry = (a & b) | (carry & (a | b))
        return Cat(bits), carry
