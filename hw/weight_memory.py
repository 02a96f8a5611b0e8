"""The weights of a window's tiles, read one after the other."""

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..plan.schedule import differing, weight_bits
from .family import family_of
from .pe import Weight
from .register import registered
from .rom import gives_late, rom

__all__ = ["WeightMemory"]


class WeightMemory(wiring.Component):
    """A row of weights for each tile, over and over; what is the same in all is a constant.

    Block RAM gives its data late in the cycle, and is rarely near all processing elements, so
    that two registers follow it: one beside it, one beside them. Weights in LUTs, and those of an
    iCE40, are read two cycles later instead; see :func:`~threefold.hw.rom.gives_late`.

    Parameters
    ----------
    weights : array of int8, shape (tiles, PE, SIMD)

    Members
    -------
    fetch : In(1)
        Read the next row,
    row : Out(ArrayLayout of Weight, PE × SIMD)
        which is there three cycles later.
    """

    def __init__(self, weights: np.ndarray):
        self._weights = weights
        _, pe, simd = weights.shape
        super().__init__(
            {"fetch": In(1), "row": Out(data.ArrayLayout(data.ArrayLayout(Weight, simd), pe))}
        )

    @property
    def weights(self) -> np.ndarray:
        return self._weights

    def elaborate(self, platform):
        m = Module()

        # A weight is two bits, non-zero the lower. Those that are the same in all tiles, such as
        # the lower ones of binary weights, are constants.
        bits = weight_bits(self._weights).reshape(len(self._weights), -1)
        differ = differing(bits)
        row = Signal(int(differ.sum()))
        places = iter(row)
        m.d.comb += self.row.as_value().eq(
            Cat(
                next(places) if own else Const(int(bit))
                for own, bit in zip(differ, bits[0], strict=True)
            )
        )
        if not len(row):
            return m
        rows = [_integer(each) for each in bits[:, differ]]
        final = len(rows) - 1
        family = family_of(platform)
        tile, fetch = Signal(range(final + 1)), Signal()
        m.submodules.rows = table = rom(len(row), rows, family=family)
        port = table.read_port()
        m.d.comb += [port.addr.eq(tile), port.en.eq(fetch)]
        if gives_late(table, family):
            m.d.comb += fetch.eq(self.fetch)
            m.d.sync += row.eq(registered(m, "row_read", port.data))
        else:
            fetch_next = Signal()
            m.d.sync += [fetch_next.eq(self.fetch), fetch.eq(fetch_next)]
            m.d.comb += row.eq(port.data)
        with m.If(fetch):
            m.d.sync += tile.eq(Mux(tile == final, 0, tile + 1))

        return m


def _integer(bits: np.ndarray) -> int:
    return int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")
