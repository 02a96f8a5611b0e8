"""Results: accumulator values of the last pass, kept until they leave."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.sequential import Contents

from ..ram import Ram
from ..stream import lane_stream

__all__ = ["Results"]


class Results(wiring.Component):
    """Memory of the accumulator values of a pixel, which leave one after the other.

    Parameters
    ----------
    contents : Contents

    Members
    -------
    write : In(1), values : In(ArrayLayout(accumulator bits, lanes))
        Keep the next values, in the order of channels.
    enable : In(1)
        All are there. It stays so until ``done``.
    o : Out(lane_stream(accumulator bits, 1))
    done : Out(1)
        The last one is taken.
    """

    def __init__(self, contents: Contents):
        self._contents = contents
        bits = contents.accumulator_bits
        super().__init__(
            {
                "write": In(1),
                "values": In(data.ArrayLayout(bits, contents.array.lanes)),
                "enable": In(1),
                "o": Out(lane_stream(bits, 1)),
                "done": Out(1),
            }
        )

    @property
    def contents(self) -> Contents:
        return self._contents

    def elaborate(self, platform):
        m = Module()

        count, lanes = len(self._contents.offsets), self._contents.array.lanes
        m.submodules.storage = storage = Ram(self.values.shape(), self._contents.result_rows)
        place, row = Signal.like(storage.write.addr), Signal.like(storage.read.addr)
        slot, left = Signal(range(lanes)), Signal(range(count + 1))
        taken, following, read = Signal(), Signal(), Signal()
        m.d.comb += [
            storage.write.en.eq(self.write),
            storage.write.addr.eq(place),
            storage.write.data.eq(self.values),
            taken.eq(self.o.valid & self.o.ready),
            self.done.eq(taken & (left == 1)),
            following.eq(taken & (slot == lanes - 1)),
            read.eq(self.enable & (~self.o.valid | following)),
            storage.read.en.eq(read),
            storage.read.addr.eq(row),
        ]
        values = storage.read.data.as_value()
        m.d.comb += self.o.payload[0].eq(values.word_select(slot, len(self.o.payload[0])))
        with m.If(self.write):
            m.d.sync += place.eq(place + 1)
        with m.If(read):
            m.d.sync += [row.eq(row + 1), self.o.valid.eq(1)]
        with m.If(taken):
            m.d.sync += [left.eq(left - 1), slot.eq(Mux(slot == lanes - 1, 0, slot + 1))]
        with m.If(self.enable & ~self.o.valid):
            m.d.sync += left.eq(count)
        with m.If(self.done):
            m.d.sync += [each.eq(0) for each in (self.o.valid, place, row, slot)]

        return m
