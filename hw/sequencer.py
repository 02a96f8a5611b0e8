"""Walks the static list of tiles and reads their weights."""

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ..plan.schedule import Schedule
from .pe import Weight
from .rom import rom

__all__ = ["Sequencer"]


class Sequencer(wiring.Component):
    """Issues one tile a cycle while a vector is available, without a gap between vectors.

    Tiles that hold no weight are not in the list. Where tiles are left out, each weight row
    names the word that the tile after it reads, so the list costs a few bits of the memory
    that is read anyway; where none are, a counter does. A list of a single tile leaves no
    memory at all: its weights are constants.

    Parameters
    ----------
    schedule : Schedule

    Members
    -------
    start : In(1)
        A vector is available.
    issue : Out(1)
        A tile is issued in this cycle,
    column : Out
        and this is the word it reads;
    finish : Out(1)
        it is the last of its vector.
    weights : Out(ArrayLayout of Weight, PE × SIMD)
        Weights of the tile issued in the cycle before,
    valid : Out(1)
        if there was one,
    last : Out(1)
        and whether it was the last of its row group.
    """

    def __init__(self, schedule: Schedule):
        self._schedule = schedule
        folding = schedule.folding
        super().__init__(
            {
                "start": In(1),
                "issue": Out(1),
                "column": Out(ceil_log2(schedule.words)),
                "finish": Out(1),
                "weights": Out(
                    data.ArrayLayout(data.ArrayLayout(Weight, folding.simd), folding.pe)
                ),
                "valid": Out(1),
                "last": Out(1),
            }
        )

    @property
    def schedule(self) -> Schedule:
        return self._schedule

    def elaborate(self, platform):
        m = Module()

        m.d.comb += self.issue.eq(self.start)
        m.d.sync += self.valid.eq(self.issue)

        if len(self._schedule.tiles) == 1:
            self._hold_constants(m)
        elif self._schedule.skipped:
            self._follow_links(m)
        else:
            self._count(m)

        return m

    def _hold_constants(self, m: Module):
        m.d.comb += [
            self.finish.eq(1),
            self.last.eq(1),
            self.column.eq(self._schedule.tiles[0][1]),
            self.weights.as_value().eq(self._row(0)),
        ]

    def _count(self, m: Module):
        index = self._index(m)
        row = self._read(m, index, [self._row(tile) for tile in range(len(self._schedule.tiles))])
        words = self._schedule.words
        if words & (words - 1) == 0:
            m.d.comb += self.column.eq(index[: ceil_log2(words)])
        else:
            with m.If(self.issue):
                m.d.sync += self.column.eq(Mux(self.column == words - 1, 0, self.column + 1))
        m.d.comb += self.weights.as_value().eq(row)
        with m.If(self.issue):
            m.d.sync += self.last.eq(self.column == words - 1)

    def _follow_links(self, m: Module):
        tiles, last = self._schedule.tiles, self._schedule.last
        index = self._index(m)
        weight_bits = len(self.weights.as_value())
        column_bits = len(self.column)
        rows = []
        for tile in range(len(tiles)):
            _, next_column = tiles[(tile + 1) % len(tiles)]
            link = next_column | last[tile] << column_bits
            rows.append(self._row(tile) | link << weight_bits)
        row = self._read(m, index, rows)
        m.d.comb += [
            self.weights.as_value().eq(row[:weight_bits]),
            self.column.eq(
                Mux(index == 0, tiles[0][1], row[weight_bits : weight_bits + column_bits])
            ),
            self.last.eq(row[-1]),
        ]

    def _index(self, m: Module) -> Signal:
        """A counter over the tiles."""
        final = len(self._schedule.tiles) - 1
        index = Signal(range(final + 1))
        m.d.comb += self.finish.eq(index == final)
        with m.If(self.issue):
            m.d.sync += index.eq(Mux(self.finish, 0, index + 1))
        return index

    def _read(self, m: Module, index: Signal, rows: list[int]):
        """The row of the tile issued in the cycle before."""
        m.submodules.weights = weights = rom(self._schedule.row_bits, rows)
        port = weights.read_port()
        m.d.comb += [port.addr.eq(index), port.en.eq(self.issue)]
        return port.data

    def _row(self, tile: int) -> int:
        """The weights of a tile as the bits of a memory row."""
        layout = self.weights.shape()
        return (
            Const(
                [
                    [{"nonzero": int(w != 0), "negative": int(w < 0)} for w in lanes]
                    for lanes in self._schedule.weights[tile]
                ],
                layout,
            )
            .as_value()
            .value
        )
