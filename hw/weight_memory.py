"""Weight memory: the weights of a window's tiles, read one after the other."""

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .family import family_of
from .lut_rom import LutRom
from .pe import Weight
from .register import registered
from .rom import gives_late, rom

__all__ = ["WeightMemory", "row_bits"]


class WeightMemory(wiring.Component):
    """A row of weights for each tile, over and over; a single row is a constant.

    Block RAM gives its data late in the cycle, and is rarely near all processing elements, so
    that two registers follow it: one beside it, one beside them. Weights in LUTs, and those of an
    iCE40, are read two cycles later instead; see :func:`~threefold.hw.rom.gives_late`.

    Parameters
    ----------
    weights : array of int8, shape (tiles, PE, SIMD)
    doubles : array of bool, shape (tiles,), optional
        For each tile whether accumulators are doubled ahead of it; none if left out.
    addressed : bool
        Whether ``tile`` says which row is read, instead of one after the other.

    Members
    -------
    fetch : In(1)
        Read the next row.
    tile : In(range(tiles))
        With ``fetch``, the row that is read; only if ``addressed``.
    row : Out(ArrayLayout of Weight, PE × SIMD)
        Row of weights, three cycles after its fetch.
    double : Out(1)
        Accumulators are doubled ahead of it, at the same time.
    """

    def __init__(
        self, weights: np.ndarray, doubles: np.ndarray | None = None, *, addressed: bool = False
    ):
        self._weights = weights
        self._addressed = addressed
        self._doubles = np.zeros(len(weights), bool) if doubles is None else doubles
        _, pe, simd = weights.shape
        super().__init__(
            {
                "fetch": In(1),
                "row": Out(data.ArrayLayout(data.ArrayLayout(Weight, simd), pe)),
                "double": Out(1),
            }
            | ({"tile": In(range(len(weights)))} if addressed else {})
        )

    @property
    def weights(self) -> np.ndarray:
        return self._weights

    @property
    def addressed(self) -> bool:
        return self._addressed

    @property
    def doubles(self) -> np.ndarray:
        return self._doubles

    def elaborate(self, platform):
        m = Module()

        rows = [row_bits(tile) for tile in self._weights]
        if len(rows) == 1:
            m.d.comb += self.row.as_value().eq(rows[0])
            return m
        final = len(rows) - 1
        family = family_of(platform)
        tile, fetch = Signal(range(final + 1)), Signal()
        row = self.row.as_value()
        if self._doubles.any():
            rows = [
                bits | int(double) << len(row)
                for bits, double in zip(rows, self._doubles, strict=True)
            ]
            row = Cat(row, self.double)
        if LutRom.suits(family, len(row), len(rows)):
            m.submodules.rows = port = LutRom(len(row), rows)
            late = False
        else:
            m.submodules.rows = table = rom(len(row), rows, family=family)
            port, late = table.read_port(), gives_late(table, family)
        m.d.comb += [port.addr.eq(tile), port.en.eq(fetch)]
        if late:
            m.d.comb += fetch.eq(self.fetch)
            m.d.sync += row.eq(registered(m, "row_read", port.data))
        else:
            fetch_next = Signal()
            m.d.sync += [fetch_next.eq(self.fetch), fetch.eq(fetch_next)]
            m.d.comb += row.eq(port.data)
        if self._addressed:
            there = self.tile
            if not late:
                there = registered(m, "tile_1", registered(m, "tile_0", there))
            m.d.comb += tile.eq(there)
            return m
        with m.If(fetch):
            m.d.sync += tile.eq(Mux(tile == final, 0, tile + 1))

        return m


def row_bits(tile: np.ndarray) -> int:
    """The weights of a tile as a memory row; a weight is two bits, non-zero the lower."""
    pairs = np.stack([tile != 0, tile < 0], axis=-1)
    return int.from_bytes(np.packbits(pairs.ravel(), bitorder="little").tobytes(), "little")
