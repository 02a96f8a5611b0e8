"""A register in a stream, which no path passes in either direction."""

from amaranth.hdl import Module, ShapeLike, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .stream import lane_stream

__all__ = ["PipelineRegister"]


class PipelineRegister(wiring.Component):
    """Holds two beats, so that a beat a cycle goes through although every output is a register.

    Parameters
    ----------
    shape : shape-like
        Shape of a lane.
    lanes : int
        Lanes of a beat.

    Members
    -------
    i : In(lane_stream(shape, lanes))
        Accepted unless two beats are held.
    o : Out(lane_stream(shape, lanes))
        One cycle later.
    """

    def __init__(self, shape: ShapeLike, *, lanes: int):
        self._shape = shape
        self._lanes = lanes
        super().__init__({"i": In(lane_stream(shape, lanes)), "o": Out(lane_stream(shape, lanes))})

    @property
    def shape(self) -> ShapeLike:
        return self._shape

    @property
    def lanes(self) -> int:
        return self._lanes

    def elaborate(self, platform):
        m = Module()

        first, second = self.o.payload.as_value(), Signal.like(self.o.payload.as_value())
        full = Signal()
        move = Signal()

        m.d.comb += [
            self.i.ready.eq(~full),
            move.eq(~self.o.valid | self.o.ready),
        ]
        with m.If(move):
            m.d.sync += [full.eq(0), self.o.valid.eq(full | self.i.valid)]
            with m.If(full):
                m.d.sync += first.eq(second)
            with m.Else():
                m.d.sync += first.eq(self.i.payload.as_value())
        with m.Elif(self.i.valid & ~full):
            m.d.sync += [full.eq(1), second.eq(self.i.payload.as_value())]

        return m
