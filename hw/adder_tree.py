"""Sums of many unsigned numbers, one register between any two adders."""

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ..errors import PlanError

__all__ = ["AdderTree"]


class AdderTree(wiring.Component):
    """Pipelined binary tree of adders.

    Parameters
    ----------
    bits : int
        Width of a term.
    terms : int
        Number of terms.

    Members
    -------
    i : In(ArrayLayout(unsigned(bits), terms))
        The terms.
    o : Out(unsigned)
        Their sum, ``latency`` cycles later, just wide enough for it.
    """

    def __init__(self, *, bits: int, terms: int):
        if bits < 1:
            raise PlanError(f"terms must have at least 1 bit, not {bits}")
        if terms < 1:
            raise PlanError(f"an adder tree must have at least 1 term, not {terms}")
        self._bits = bits
        self._terms = terms
        super().__init__(
            {
                "i": In(data.ArrayLayout(unsigned(bits), terms)),
                "o": Out(unsigned(((2**bits - 1) * terms).bit_length())),
            }
        )

    @property
    def bits(self) -> int:
        """Width of a term."""
        return self._bits

    @property
    def terms(self) -> int:
        """Number of terms."""
        return self._terms

    @property
    def latency(self) -> int:
        """Cycles from terms to sum: one a level."""
        return ceil_log2(self._terms)

    def elaborate(self, platform):
        m = Module()
        largest = 2**self._bits - 1
        row = [(self.i[n], largest) for n in range(self._terms)]
        level = 0
        while len(row) > 1:
            level += 1
            above = []
            for n in range(0, len(row), 2):
                terms, bounds = zip(*row[n : n + 2], strict=True)
                bound = sum(bounds)
                register = Signal(
                    bound.bit_length(), name=f"level{level}_{n // 2}", reset_less=True
                )
                m.d.sync += register.eq(sum(terms))
                above.append((register, bound))
            row = above
        m.d.comb += self.o.eq(row[0][0])
        return m
