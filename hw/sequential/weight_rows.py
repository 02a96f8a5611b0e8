"""Weight rows: the weights of all tiles of all passes, by address."""

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..family import family_of
from ..pe import Weight
from ..register import registered
from ..rom import gives_late, rom
from ..weight_memory import row_bits

__all__ = ["WeightRows"]


class WeightRows(wiring.Component):
    """Memory of a row of weights for each tile.

    Two registers follow block RAM that gives its data late; elsewhere the row is read two cycles
    later instead, as in :class:`~threefold.hw.weight_memory.WeightMemory`.

    Parameters
    ----------
    weights : array of int8, shape (rows, PE, SIMD)

    Members
    -------
    address : In(range(rows))
    row : Out(ArrayLayout of Weight, PE × SIMD)
        Row of weights, three cycles after its address.
    """

    def __init__(self, weights: np.ndarray):
        self._weights = weights
        rows, pe, simd = weights.shape
        super().__init__(
            {
                "address": In(range(rows)),
                "row": Out(data.ArrayLayout(data.ArrayLayout(Weight, simd), pe)),
            }
        )

    @property
    def weights(self) -> np.ndarray:
        return self._weights

    def elaborate(self, platform):
        m = Module()

        rows = [row_bits(tile) for tile in self._weights]
        row, family = self.row.as_value(), family_of(platform)
        if len(rows) == 1:
            m.d.comb += row.eq(rows[0])
            return m
        m.submodules.rows = table = rom(len(row), rows, family=family)
        port = table.read_port()
        if gives_late(table, family):
            m.d.comb += port.addr.eq(self.address)
            m.d.sync += row.eq(registered(m, "row_read", port.data))
        else:
            address = registered(m, "address_1", registered(m, "address_0", self.address))
            m.d.comb += [port.addr.eq(address), row.eq(port.data)]

        return m
