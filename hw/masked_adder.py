"""Masked adder: an adder with a ternary weight on one operand."""

from amaranth.hdl import Cat, Module, unsigned
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
    are in one carry chain then, as its cells make several bits each. Places that propagate and
    generate nothing separate them, and bring their carry-outs. Elsewhere masks are LUTs.

    Parameters
    ----------
    bits : int
        Width of the codes and of the addends.
    lanes : int
        Number of sums.
    wraps : bool
        Whether sums lose their carry-outs.
    signed : bool
        Whether weights can be negative.

    Members
    -------
    code : In(ArrayLayout(unsigned(bits), lanes))
    weight : In(ArrayLayout(Weight, lanes))
        Without ``signed``, ``negative`` is not looked at.
    addend : In(ArrayLayout(unsigned(bits), lanes))
    total : Out(ArrayLayout(unsigned(bits + 1), lanes))
        Sums; of ``bits`` bits where they wrap.
    """

    def __init__(self, *, bits: int, lanes: int, wraps: bool = False, signed: bool = True):
        if bits < 1:
            raise PlanError(f"a masked adder must have at least 1 bit, not {bits}")
        if lanes < 1:
            raise PlanError(f"a masked adder must have at least 1 lane, not {lanes}")
        self._bits = bits
        self._lanes = lanes
        self._wraps = wraps
        self._signed = signed
        super().__init__(
            {
                "code": In(data.ArrayLayout(unsigned(bits), lanes)),
                "weight": In(data.ArrayLayout(Weight, lanes)),
                "addend": In(data.ArrayLayout(unsigned(bits), lanes)),
                "total": Out(data.ArrayLayout(unsigned(bits + (not wraps)), lanes)),
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

    @property
    def wraps(self) -> bool:
        """Whether sums lose their carry-outs."""
        return self._wraps

    @property
    def signed(self) -> bool:
        """Whether weights can be negative."""
        return self._signed

    def elaborate(self, platform):
        m = Module()
        carry_cell = family_of(platform).masked_carry
        if carry_cell is None:
            for n in range(self._lanes):
                code, weight = self.code[n], self.weight[n]
                product = code & weight.nonzero.replicate(len(code))
                if self._signed:
                    product = masked(code, weight)
                m.d.comb += self.total[n].eq(self.addend[n] + product)
            return m

        places: list[Place | None] = []
        sums: list[int] = []
        for n in range(self._lanes):
            weight = self.weight[n]
            sums += range(len(places), len(places) + len(self.total[n]))
            places += [
                Place(code, addend, weight.nonzero, weight.negative if self._signed else None)
                for code, addend in zip(self.code[n], self.addend[n], strict=True)
            ]
            places.append(None)
        if self._wraps:
            places.pop()
        chain = carry_chain(m, carry_cell, places)
        m.d.comb += self.total.as_value().eq(Cat(chain[place] for place in sums))
        return m
