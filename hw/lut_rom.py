"""ROM made of LUTs, whose columns share no logic."""

from dataclasses import replace

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from threefold.errors import PlanError
from threefold.fpga import Bits, Family, LutTree

from .family import family_of
from .primitive import primitive

__all__ = ["LutRom"]


class LutRom(wiring.Component):
    """Read-only memory of LUTs and the multiplexers beside them, a tree for each column.

    In random contents synthesis finds functions of a few address bits that columns share. That
    saves few LUTs or none, and the wires among columns are more than an FPGA can route. Here
    columns have the address in common, and nothing else.

    Parameters
    ----------
    width : int
        Bits of a row.
    contents : list of int
        Rows, two or more.

    Members
    -------
    addr : In(ceil_log2(rows))
    en : In(1)
        Read, rather than keep the row that was read last.
    data : Out(width)
        Row addressed in the cycle before; anything where there is none.

    Raises
    ------
    PlanError
        If there are fewer than two rows; and on elaboration, if the family of the platform has no
        :class:`~threefold.fpga.LutTree`.
    """

    def __init__(self, width: int, contents: list[int]):
        if len(contents) < 2:
            raise PlanError(f"a ROM in LUTs must have at least 2 rows, not {len(contents)}")
        self._contents = list(contents)
        super().__init__(
            {"addr": In(ceil_log2(len(contents))), "en": In(1, init=1), "data": Out(width)}
        )

    @property
    def contents(self) -> list[int]:
        return self._contents

    @staticmethod
    def suits(family: Family, width: int, rows: int) -> bool:
        """Whether weights are stored so on a family: in LUTs, several of them for each column.

        Parameters
        ----------
        family : Family
        width : int
            Bits of a row.
        rows : int
        """
        tree = family.lut_tree
        return tree is not None and rows > tree.lut_rows and not family.prefers_block(width, rows)

    def elaborate(self, platform):
        family = family_of(platform)
        if family.lut_tree is None:
            raise PlanError(f"{family.title} has no cells for a ROM in LUTs")
        m = Module()

        rows = len(self._contents)
        bits: dict[tuple[int, ...], Value] = {(bit,) * rows: Const(bit, 1) for bit in (0, 1)}
        word = []
        for place in range(len(self.data)):
            column = tuple(row >> place & 1 for row in self._contents)
            if column not in bits:
                bits[column] = self._column(m, family.lut_tree, f"bit_{place}", column)
            word.append(bits[column])
        read = Signal(len(self.data), reset_less=True)
        with m.If(self.en):
            m.d.sync += read.eq(Cat(word))
        m.d.comb += self.data.eq(read)

        return m

    def _column(self, m: Module, tree: LutTree, name: str, column: tuple[int, ...]) -> Value:
        """The bit of a column that the lower bits of the address choose, as many as it needs."""
        bit = Signal(name=name)
        if len(column) <= tree.lut_rows:
            contents = Bits(sum(value << n for n, value in enumerate(column)), tree.lut_rows)
            address = [*self.addr, *[Const(0, 1)] * len(tree.lut.inputs)]
            m.submodules[f"{name}_lut"] = primitive(
                replace(tree.lut, parameters={tree.contents: contents}),
                **{f"address_{n}": address[n] for n in range(len(tree.lut.inputs))},
                bit=bit,
            )
            return bit
        level = ceil_log2(len(column)) - 1
        low, high = column[: 1 << level], column[1 << level :]
        beside = tree.has_multiplexer(len(column))
        if beside:
            high += (0,) * (len(low) - len(high))
        parts = {
            "low": self._column(m, tree, f"{name}_low", low),
            "high": self._column(m, tree, f"{name}_high", high),
            "select": self.addr[level],
        }
        if beside:
            cell = tree.multiplexers[level - len(tree.lut.inputs)]
            m.submodules[f"{name}_mux"] = primitive(cell, **parts, bit=bit)
        else:
            m.d.comb += bit.eq(Mux(parts["select"], parts["high"], parts["low"]))
        return bit
