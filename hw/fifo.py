"""FIFO: beats of one branch that wait for another."""

from amaranth.hdl import Module, Mux, ShapeLike, Signal
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError
from threefold.plan.units import connectors

from .component import component
from .stream import lane_stream, shape_of

__all__ = ["Fifo"]


class Fifo(wiring.Component):
    """FIFO of ``depth`` beats, in a memory and two registers behind it.

    The first register is that of block RAM. Its data are late in the cycle, so that a second one
    follows it, in front of whatever is done with a beat.

    A beat is accepted while fewer than ``depth`` are held, and can leave 3 cycles later at the
    earliest; one that leaves makes room in the next cycle. From a depth of 4 on, a beat a cycle
    goes through. No path leads through it in either direction.

    Parameters
    ----------
    shape : shape-like
        Shape of a lane.
    lanes : int
        Lanes of a beat.
    depth : int
        Beats held at most, at least 1.

    Members
    -------
    i : In(lane_stream(shape, lanes))
    o : Out(lane_stream(shape, lanes))

    Raises
    ------
    PlanError
        If ``depth`` is less than 1.
    """

    def __init__(self, shape: ShapeLike, *, lanes: int, depth: int):
        if depth < 1:
            raise PlanError(f"a FIFO holds at least 1 beat, not {depth}")
        self._shape = shape
        self._lanes = lanes
        self._depth = depth
        super().__init__({"i": In(lane_stream(shape, lanes)), "o": Out(lane_stream(shape, lanes))})

    @property
    def shape(self) -> ShapeLike:
        return self._shape

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def depth(self) -> int:
        return self._depth

    def elaborate(self, platform):
        m = Module()

        m.submodules.memory = storage = memory.Memory(
            shape=data.ArrayLayout(self._shape, self._lanes), depth=self._depth, init=[]
        )
        # Read at once and then registered, Yosys sees that a row is never read and written in
        # the same cycle, and spares a block RAM the logic for it.
        write, read = storage.write_port(), storage.read_port(domain="comb")
        write_row, read_row = Signal(range(self._depth)), Signal(range(self._depth))
        held = Signal(range(self._depth + 1))
        word = Signal.like(self.o.payload, reset_less=True)
        full, waits, read_ahead = Signal(), Signal(), Signal()
        accept, fetch, load = Signal(), Signal(), Signal()

        m.d.comb += [
            full.eq(held == self._depth),
            self.i.ready.eq(~full),
            accept.eq(self.i.valid & ~full),
            waits.eq((read_row != write_row) | (full & ~self.o.valid & ~read_ahead)),
            load.eq(read_ahead & (~self.o.valid | self.o.ready)),
            fetch.eq(waits & (~read_ahead | load)),
            write.en.eq(accept),
            write.addr.eq(write_row),
            write.data.eq(self.i.payload),
            read.addr.eq(read_row),
        ]
        m.d.sync += held.eq(held + accept - (self.o.valid & self.o.ready))
        with m.If(accept):
            m.d.sync += write_row.eq(_next(write_row, self._depth))
        with m.If(fetch):
            m.d.sync += [
                read_ahead.eq(1),
                word.eq(read.data),
                read_row.eq(_next(read_row, self._depth)),
            ]
        with m.Elif(load):
            m.d.sync += read_ahead.eq(0)
        with m.If(load):
            m.d.sync += [self.o.valid.eq(1), self.o.payload.eq(word)]
        with m.Elif(self.o.ready):
            m.d.sync += self.o.valid.eq(0)

        return m


def _next(row, depth: int):
    """The row after ``row``; only a ring that is no power of two needs a comparison."""
    if depth & (depth - 1) == 0:
        return row + 1
    return Mux(row == depth - 1, 0, row + 1)


@component.register
def _(block: connectors.Fifo) -> Fifo:
    return Fifo(shape_of(block.type), lanes=block.type.lanes, depth=block.depth)
