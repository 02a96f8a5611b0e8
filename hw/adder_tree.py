"""Adder tree: the sum of many unsigned numbers, with a register between any two adders."""

from amaranth.hdl import Cat, Const, Module, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError
from threefold.plan.latency import adder_levels

from .family import family_of
from .masked_adder import MaskedAdder

__all__ = ["CHAIN_BITS", "AdderTree"]

# Timing analysis follows a chain past the ends of its adders: about an accumulator's length.
CHAIN_BITS = 24
SMALLEST_CHAIN = 4  # narrower sums are smaller in LUTs


class AdderTree(wiring.Component):
    """Pipelined tree of adders.

    The adders are binary, except that single bits are first counted by threes: a full adder takes
    the two LUTs that a half adder takes.

    Parameters
    ----------
    largest : int
        Largest value of a term.
    terms : int
        Number of terms.

    Members
    -------
    i : In(ArrayLayout(unsigned, terms))
        The terms, just wide enough for ``largest``.
    o : Out(unsigned)
        Their sum, ``latency`` cycles later, just wide enough for the largest.
    """

    def __init__(self, *, largest: int, terms: int):
        if largest < 1:
            raise PlanError(f"the largest value of a term must be at least 1, not {largest}")
        if terms < 1:
            raise PlanError(f"an adder tree must have at least 1 term, not {terms}")
        self._largest = largest
        self._terms = terms
        super().__init__(
            {
                "i": In(data.ArrayLayout(unsigned(largest.bit_length()), terms)),
                "o": Out(unsigned((largest * terms).bit_length())),
            }
        )

    @property
    def largest(self) -> int:
        """Largest value of a term."""
        return self._largest

    @property
    def terms(self) -> int:
        """Number of terms."""
        return self._terms

    @staticmethod
    def levels(largest: int, terms: int) -> int:
        """Number of adders, and so of registers, on the way from a term to the sum."""
        return adder_levels(largest, terms)

    @property
    def latency(self) -> int:
        """Cycles from terms to sum."""
        return self.levels(self._largest, self._terms)

    def elaborate(self, platform):
        m = Module()
        row = [(self.i[n], self._largest) for n in range(self._terms)]
        fan_in = 3 if self._largest == 1 else 2
        family = family_of(platform)
        carry = family.masked_carry
        for level in range(self.latency):
            groups = [row[n : n + fan_in] for n in range(0, len(row), fan_in)]
            bounds = [sum(bound for _, bound in group) for group in groups]
            sums = [sum(term for term, _ in group) for group in groups]
            if carry and self._largest.bit_length() > carry.narrowest:
                sums = _instances(m, level, sums, groups, bounds)
            elif family.shares_chains and fan_in == 2:
                sums = _chained(sums, groups, bounds)
            row = []
            for n, (value, bound) in enumerate(zip(sums, bounds, strict=True)):
                # Without a register here Yosys makes one $macc of the tree, three times as large.
                partial = Signal(bound.bit_length(), name=f"partial_{level}_{n}", reset_less=True)
                m.d.sync += partial.eq(value)
                row.append((partial, bound))
            fan_in = 2
        ((total, _),) = row
        m.d.comb += self.o.eq(total)
        return m


def _chained(sums, groups, bounds):
    """The sums of pairs, with neighbouring adders in one carry chain.

    Each is wide enough for its sum, so that no carry leaves it. Cells begin and
    end a chain of its own, two CCU2Cs on ECP5, where an odd number of bits takes half a one more.
    """
    sums = list(sums)
    width = bounds[0].bit_length()
    pairs = [n for n, group in enumerate(groups) if len(group) == 2]
    size = max(1, CHAIN_BITS // width)
    if width < SMALLEST_CHAIN:
        return sums
    for first in range(0, len(pairs), size):
        chain = pairs[first : first + size]
        addends = (
            Cat(*(Cat(groups[n][k][0], Const(0, width))[:width] for n in chain)) for k in (0, 1)
        )
        wide = sum(addends)
        for place, n in enumerate(chain):
            sums[n] = wide[place * width :][:width]
    return sums


def _instances(m, level, sums, groups, bounds):
    """The sums of pairs by cells of carry chains, neighbouring adders in one.

    Synthesis would take what it can for chains of their own, each of which begins and ends.
    """
    sums = list(sums)
    width = bounds[0].bit_length()
    pairs = [n for n, group in enumerate(groups) if len(group) == 2]
    size = max(1, CHAIN_BITS // width)
    if width < SMALLEST_CHAIN:
        return sums
    for first in range(0, len(pairs), size):
        chain = pairs[first : first + size]
        adder = MaskedAdder(bits=width - 1, lanes=len(chain), signed=False)
        m.submodules[f"sums_{level}_{first}"] = adder
        for place, n in enumerate(chain):
            m.d.comb += [
                adder.code[place].eq(groups[n][0][0]),
                adder.addend[place].eq(groups[n][1][0]),
                adder.weight[place].nonzero.eq(1),
            ]
            sums[n] = adder.total[place]
    return sums
