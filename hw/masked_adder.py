"""Masked adder: an adder with a ternary weight on one operand."""

from amaranth.hdl import Const, Module, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError

from .carry_chain import Place, carry_chain
from .family import family_of

__all__ = ["MaskedAdder", "Weight", "masked"]


class Weight(data.Struct):
    """A ternary weight: +1 is ``nonzero``, −1 is ``nonzero`` and ``negative``, 0 is neither."""

    nonzero: 1
    negative: 1


def masked(code, weight):
    """``code`` for +1, 0 for 0, and the complement of ``code`` for −1."""
    nonzero = weight.nonzero.replicate(len(code))
    return (code & nonzero) ^ weight.negative.replicate(len(code))


class MaskedAdder(wiring.Component):
    """Combinational ``addend + masked(code, weight)``, for some lanes at once.

    Where the family has a :class:`~threefold.fpga.MaskedCarry`, the mask costs nothing. The lanes
    are in one carry chain then, since cells begin and end each. The place of a lane's carry-out
    propagates and generates nothing, and so ends its carry. Elsewhere masks are LUTs.

    Parameters
    ----------
    bits : int
        Width of the codes and of the addends.
    lanes : int
        Number of sums.

    Members
    -------
    code : In(ArrayLayout(unsigned(bits), lanes))
    weight : In(ArrayLayout(Weight, lanes))
    addend : In(ArrayLayout(unsigned(bits), lanes))
    total : Out(ArrayLayout(unsigned(bits + 1), lanes))
    """

    def __init__(self, *, bits: int, lanes: int):
        if bits < 1:
            raise PlanError(f"a masked adder must have at least 1 bit, not {bits}")
        if lanes < 1:
            raise PlanError(f"a masked adder must have at least 1 lane, not {lanes}")
        self._bits = bits
        self._lanes = lanes
        super().__init__(
            {
                "code": In(data.ArrayLayout(unsigned(bits), lanes)),
                "weight": In(data.ArrayLayout(Weight, lanes)),
                "addend": In(data.ArrayLayout(unsigned(bits), lanes)),
                "total": Out(data.ArrayLayout(unsigned(bits + 1), lanes)),
            }
        )

    @property
    def bits(self) -> int:
        """Width of the operands."""
        return self._bits

    @property
    def lanes(self) -> int:
        """Number of sums."""
        return self._lanes

    def elaborate(self, platform):
        m = Module()
        carry_cell = family_of(platform).masked_carry
        if carry_cell is None:
            for n in range(self._lanes):
                product = masked(self.code[n], self.weight[n])
                m.d.comb += self.total[n].eq(self.addend[n] + product)
            return m

        zero = Const(0, 1)
        nothing = Place(zero, zero, zero, zero)
        places = []
        for n in range(self._lanes):
            weight = self.weight[n]
            places += [
                Place(code, addend, weight.nonzero, weight.negative)
                for code, addend in zip(self.code[n], self.addend[n], strict=True)
            ]
            places.append(nothing)
        total = carry_chain(m, carry_cell, places)
        m.d.comb += self.total.eq(total)
        return m
