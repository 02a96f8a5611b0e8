"""Additions: sums of pairs of signals, in carry chains that neighbours share where that is less."""

from itertools import pairwise
from typing import NamedTuple

from amaranth.hdl import Cat, Const, Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError

from ..carry_chain import Place, carry_chain
from ..family import family_of

__all__ = ["Addition", "Additions"]


class Addition(NamedTuple):
    """One sum: ``a + b + carry``, or with the complement of ``b`` within its bits.

    Attributes
    ----------
    a_bits, b_bits, bits : int
        Widths of the addends and of the sum, which no sum exceeds.
    subtracts : bool
        Whether the complement of ``b`` is added.
    carry : int
        0 or 1.
    """

    a_bits: int
    b_bits: int
    bits: int
    subtracts: bool
    carry: int

    @property
    def ends_in_carry(self) -> bool:
        """Whether its last bit is nothing but the carry out of those before it."""
        return self.bits > max(self.a_bits, self.b_bits)


class Additions(wiring.Component):
    """Combinational sums of unsigned signals.

    Where the family has a :class:`~threefold.fpga.MaskedCarry`, the complement costs nothing, and
    the sums are in one chain: no carry leaves a sum that is wide enough for its values, and where
    its last bit is a carry alone, constants there begin the next sum with a carry.

    Parameters
    ----------
    additions : tuple of Addition
        A sum that begins with a carry comes first, or behind one that ends in its carry.

    Members
    -------
    a, b : In(StructLayout)
        Addends ``"0"``, ``"1"`` …
    o : Out(StructLayout)
        Sums.

    Raises
    ------
    PlanError
        If a sum that begins with a carry is behind one that does not end in its carry.
    """

    def __init__(self, additions: tuple[Addition, ...]):
        for number, (before, each) in enumerate(pairwise(additions), 1):
            if each.carry and not before.ends_in_carry:
                raise PlanError(
                    f"sum {number} begins with a carry, so the one before it must be wider than "
                    f"its addends, not {before.bits} bits; let it come first"
                )
        self._additions = additions
        super().__init__(
            {
                "a": In(_layout(each.a_bits for each in additions)),
                "b": In(_layout(each.b_bits for each in additions)),
                "o": Out(_layout(each.bits for each in additions)),
            }
        )

    @property
    def additions(self) -> tuple[Addition, ...]:
        return self._additions

    def elaborate(self, platform):
        m = Module()
        cell = family_of(platform).masked_carry
        pairs = [
            (each, (self.a[str(n)], self.b[str(n)], self.o[str(n)]))
            for n, each in enumerate(self._additions)
        ]
        if cell is not None:
            self._chain(m, cell, pairs)
            return m
        for each, (a, b, o) in pairs:
            addend = (~b)[: each.b_bits] if each.subtracts else b
            if each.carry:
                # A carry into a chain comes from a place of ones in front of it, which synthesis
                # makes a constant of; a third addend would be a second adder.
                m.d.comb += o.eq((Cat(Const(1, 1), a) + Cat(Const(1, 1), addend))[1:])
            else:
                m.d.comb += o.eq(a + addend)
        return m

    def _chain(self, m: Module, cell, pairs) -> None:
        """All sums in one chain of cells."""
        zero, one = Const(0, 1), Const(1, 1)
        places = []
        for number, (each, (a, b, _)) in enumerate(pairs):
            begins = number + 1 < len(pairs) and pairs[number + 1][0].carry
            last = each.bits - 1
            for bit in range(each.bits):
                ends = one if begins and bit == last else zero
                places.append(
                    Place(
                        b[bit] if bit < each.b_bits else ends,
                        a[bit] if bit < each.a_bits else ends,
                        one,
                        one if each.subtracts and bit < each.b_bits else zero,
                    )
                )
        total = carry_chain(m, cell, places, Const(pairs[0][0].carry, 1))
        place = 0
        for each, (_, _, o) in pairs:
            m.d.comb += o.eq(total[place : place + each.bits])
            place += each.bits


def _layout(widths) -> data.StructLayout:
    return data.StructLayout({str(number): width for number, width in enumerate(widths)})
