"""Sums: the products of a vector and a matrix of constants, pipelined."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from amaranth.hdl import Const, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.fpga import MaskedCarry
from threefold.plan.unrolled.datapath import Datapath, Sum
from threefold.plan.unrolled.pipeline import slot

from ..family import family_of
from ..register import registered
from .additions import Addition, Additions

__all__ = ["Sums"]

_Numbered = tuple[int, Sum, Addition]
"""A sum, its signal and what it adds."""


class Sums(wiring.Component):
    """Pipeline of the additions of a datapath; a vector a cycle.

    It never waits. To stall it, wrap it in an ``EnableInserter``.

    Parameters
    ----------
    datapath : Datapath
    levels : int
        Adders between registers.

    Members
    -------
    i : In(ArrayLayout(bits, inputs))
        Elements of a vector.
    o : Out(StructLayout)
        Signals ``"0"``, ``"1"`` … of the rows, ``latency`` cycles later; one bit of 0 of a row
        without weights.
    """

    def __init__(self, datapath: Datapath, *, levels: int = 1):
        self._datapath = datapath
        self._levels = levels
        rows = {
            str(row): max(1, datapath.width(each.signal))
            for row, each in enumerate(datapath.outputs)
        }
        super().__init__(
            {
                "i": In(data.ArrayLayout(datapath.bits, datapath.inputs)),
                "o": Out(data.StructLayout(rows)),
            }
        )

    @property
    def datapath(self) -> Datapath:
        return self._datapath

    @property
    def levels(self) -> int:
        """Adders between registers."""
        return self._levels

    @property
    def latency(self) -> int:
        """Cycles from a vector to its products."""
        return self._last + 1

    @property
    def _last(self) -> int:
        depth = max((each.level for each in self._datapath.sums), default=0)
        return slot(depth, self._levels)

    def elaborate(self, platform):
        m = Module()
        path = self._datapath
        # Signals by the registers before them: where they are computed, and where they are read.
        there = {(n, 0): Value.cast(self.i[n]) for n in range(path.inputs)}

        def at(signal: int, place: int) -> Value:
            if (signal, place) not in there:
                before = at(signal, place - 1)
                there[signal, place] = registered(m, f"signal_{signal}_{place}", before)
            return there[signal, place]

        def add(signal: int, value: Value) -> None:
            made = Signal(path.width(signal), name=f"signal_{signal}")
            m.d.comb += made.eq(value)
            there[signal, slot(path.level(signal), self._levels)] = made

        numbers = range(path.inputs, path.inputs + len(path.sums))
        together = sorted(zip(numbers, path.sums, strict=True), key=lambda item: item[1].level)
        for level, group in groupby(together, key=lambda item: item[1].level):
            sums, place = list(group), slot(level, self._levels)
            numbered = [(n, made, self._addition(made)) for n, made in sums if made.b >= 0]
            for chain in _chains(numbered, family_of(platform).masked_carry):
                additions = Additions(tuple(addition for _, _, addition in chain))
                m.submodules[f"add_{chain[0][0]}"] = additions
                for index, (signal, made, _) in enumerate(chain):
                    m.d.comb += additions.a[str(index)].eq(at(made.a, place))
                    m.d.comb += additions.b[str(index)].eq(at(made.b, place))
                    add(signal, additions.o[str(index)])
            for signal, made in sums:
                if made.b < 0:
                    add(signal, ~at(made.a, place))
        for row, each in enumerate(path.outputs):
            if each.signal >= 0:
                m.d.comb += self.o[str(row)].eq(at(each.signal, self._last + 1))
            else:
                m.d.comb += self.o[str(row)].eq(Const(0, 1))
        return m

    def _addition(self, made: Sum) -> Addition:
        widths = self._datapath.width(made.a), self._datapath.width(made.b), made.bits
        return Addition(*widths, made.subtracts, made.carry)


def _chains(sums: Sequence[_Numbered], cell: MaskedCarry | None) -> Iterator[list[_Numbered]]:
    """Sums that share a carry chain: two that leave half of a cell of two bits each.

    The second begins without a carry, or the first ends in its own.
    """
    bits = cell.bits if cell is not None else 1
    yield from ([each] for each in sums if each[2].bits % bits == 0)
    left = [each for each in sums if each[2].bits % bits]
    left.sort(key=lambda each: each[2].carry)
    while left:
        second = left.pop()
        firsts = [each for each in left if each[2].ends_in_carry or not second[2].carry]
        if firsts:
            # What ends in its carry is kept for those that begin with one.
            first = min(firsts, key=lambda each: (-each[2].carry, each[2].ends_in_carry))
            left.remove(first)
            yield [first, second]
        else:
            yield [second]
