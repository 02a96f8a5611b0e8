"""Loadable logits: offsets that are written when a pass begins, and their adder."""

from typing import ClassVar

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Member, Out

from threefold.fpga import Family
from threefold.plan.latency import logit_latency
from threefold.plan.sequential import Program

from ..family import family_of
from ..ram import Ram
from ..register import registered
from ..stream import lane_stream
from .pass_loader import threshold_write

__all__ = ["LoadableLogits"]


class LoadableLogits(wiring.Component):
    """Adder of each channel's offset, as :class:`~threefold.hw.logits.LogitAdder` for steps of 1.

    Offsets come as thresholds do, behind those of all other passes.

    Parameters
    ----------
    program : Program

    Members
    -------
    written : In
        See :func:`~threefold.hw.sequential.pass_loader.threshold_write`.
    i : In(lane_stream(accumulator bits, 1))
        Accumulator values, channel by channel.
    o : Out(lane_stream(signed(logit bits), 1))
        Logits, two cycles later.
    """

    more: ClassVar[dict[str, Member]] = {}

    def __init__(self, program: Program):
        self._program = program
        contents = program.contents
        super().__init__(
            {
                "written": In(threshold_write(program)),
                "i": In(lane_stream(contents.accumulator_bits, 1)),
                "o": Out(lane_stream(signed(contents.logit_bits), 1)),
            }
            | self.more
        )

    def kind(self, family: Family) -> str:
        """Kind of the memory of offsets, see :class:`~threefold.hw.ram.Ram`."""
        return "auto"

    @property
    def program(self) -> Program:
        return self._program

    @property
    def rows(self) -> int:
        """Rows of offsets that come one after the other, in each lane."""
        return self._program.contents.result_rows

    @property
    def depth(self) -> int:
        """Offsets that are kept."""
        return self.rows * self._program.contents.array.lanes

    @property
    def begins(self) -> Value:
        """Whether a root is that of the first channel, lower bits or upper."""
        row = self.written.row
        return (self.written.lane == 0) & ((row == 0) | (row == self.rows))

    @property
    def restart(self) -> Value:
        """Whether the next root is that of the first channel."""
        return Const(0)

    @property
    def taken(self) -> Value:
        """Whether thresholds are offsets; those of passes before do no harm."""
        return Const(1)

    def elaborate(self, platform):
        m = Module()

        contents, written = self._program.contents, self.written
        count = len(contents.offsets)
        low = min(contents.accumulator_bits, contents.logit_bits)
        channel, advance, end = Signal(range(count)), Signal(), Signal()
        valid = Signal(logit_latency(1))
        total = Signal(contents.accumulator_bits, reset_less=True)
        m.d.comb += [
            self.o.valid.eq(valid[-1]),
            advance.eq(~self.o.valid | self.o.ready),
            self.i.ready.eq(advance),
            end.eq(channel == count - 1),
        ]
        with m.If(advance):
            m.d.sync += [valid.eq(Cat(self.i.valid, valid)), total.eq(self.i.payload[0])]
            with m.If(self.i.valid):
                m.d.sync += channel.eq(Mux(end, 0, channel + 1))
        row, lane = self._place(m, self.depth // len(written.values), advance, end)

        # Roots come row by row, some lanes at once, lower bits first.
        rows, lanes = self.rows, len(written.values)
        depth = self.depth // lanes
        following, place, root = Signal(range(depth)), Signal(range(depth)), Signal()
        m.d.comb += [
            root.eq(written.enable & (written.node == 1) & self.taken),
            place.eq(Mux(self.begins, 0, following)),
        ]
        with m.If(root):
            m.d.sync += following.eq(place + 1)
        with m.If(self.restart):
            m.d.sync += following.eq(0)
        kind, offset = self.kind(family_of(platform)), []
        for number, bits in enumerate((low, contents.logit_bits - low)):
            if not bits:
                continue
            memory = Ram(data.ArrayLayout(bits, lanes), depth, kind)
            m.submodules["high" if number else "low"] = memory
            here = (written.row >= number * rows) & (written.row < (number + 1) * rows)
            m.d.comb += [
                memory.write.en.eq(root & here),
                memory.write.addr.eq(place),
                *(memory.write.data[n].eq(written.values[n]) for n in range(lanes)),
                memory.read.en.eq(advance),
                memory.read.addr.eq(row),
            ]
            offset.append(memory.read.data[lane])
        with m.If(advance):
            logit = registered(m, "logit", (total + Cat(offset))[: contents.logit_bits])
        m.d.comb += self.o.payload[0].eq(logit)

        return m

    def _place(self, m: Module, rows: int, advance: Signal, end: Signal) -> tuple[Signal, Signal]:
        """Row of the offset of a channel and, a cycle later, its lane."""
        lanes = len(self.written.values)
        row, lane, read = Signal(range(rows)), Signal(range(lanes)), Signal(range(lanes))
        last = lane == lanes - 1
        with m.If(advance):
            m.d.sync += read.eq(lane)
            with m.If(self.i.valid):
                m.d.sync += [
                    lane.eq(Mux(end | last, 0, lane + 1)),
                    row.eq(Mux(end, 0, row + last)),
                ]
        return row, read
