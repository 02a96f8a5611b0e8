"""Selector made of LUTs and the multiplexers beside them."""

from dataclasses import replace

from amaranth.hdl import Const, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from threefold.errors import PlanError
from threefold.fpga import Bits, LutTree

from .family import family_of
from .primitive import primitive

__all__ = ["LutSelector"]


class LutSelector(wiring.Component):
    """Combinational selector of one of several values, half a LUT for each of their bits.

    A LUT selects one of two bits, and the multiplexers beside it one of the LUTs. Synthesis takes
    half as many LUTs again.

    Parameters
    ----------
    width : int
        Width of a value.
    inputs : int
        Number of values, a power of two of at least 2.

    Members
    -------
    i : In(ArrayLayout(width, inputs))
    select : In(ceil_log2(inputs))
        Number of the value.
    o : Out(width)

    Raises
    ------
    PlanError
        If the number of values is no power of two; and on elaboration, if the family of the
        platform has no :class:`~threefold.fpga.LutTree`, or one for fewer values.
    """

    def __init__(self, width: int, inputs: int):
        if inputs < 2 or inputs & (inputs - 1):
            raise PlanError(f"a selector takes a power of two of values, not {inputs}")
        self._width = width
        self._inputs = inputs
        super().__init__(
            {
                "i": In(data.ArrayLayout(width, inputs)),
                "select": In(ceil_log2(inputs)),
                "o": Out(width),
            }
        )

    @property
    def width(self) -> int:
        """Width of a value."""
        return self._width

    @property
    def inputs(self) -> int:
        """Number of values."""
        return self._inputs

    def elaborate(self, platform):
        family = family_of(platform)
        tree = family.lut_tree
        if tree is None or self._inputs > 2 << len(tree.multiplexers):
            raise PlanError(f"{family.title} has no cells that select one of {self._inputs} values")
        m = Module()

        for place in range(self._width):
            bits = [self.i[n][place] for n in range(self._inputs)]
            for level in range(len(self.select)):
                pairs = zip(bits[::2], bits[1::2], strict=True)
                bits = [
                    self._select(m, tree, level, f"bit_{place}_{level}_{n}", pair)
                    for n, pair in enumerate(pairs)
                ]
            m.d.comb += self.o[place].eq(bits[0])

        return m

    def _select(self, m: Module, tree: LutTree, level: int, name: str, pair) -> Signal:
        """One of two bits, by a bit of the number."""
        bit, (low, high) = Signal(name=name), pair
        select = self.select[level]
        if level:
            cell, given = tree.multiplexers[level - 1], {"low": low, "high": high, "select": select}
        else:
            address = [low, high, select, *[Const(1, 1)] * len(tree.lut.inputs)]
            rows = range(tree.lut_rows)
            contents = Bits(sum((n >> (n >> 2 & 1) & 1) << n for n in rows), tree.lut_rows)
            cell = replace(tree.lut, parameters={tree.contents: contents})
            given = {f"address_{n}": address[n] for n in range(len(tree.lut.inputs))}
        m.submodules[f"{name}_cell"] = primitive(cell, **given, bit=bit)
        return bit
