"""Skid buffer: cuts the ready path of a stream."""

from amaranth.hdl import Module, Mux, ShapeLike, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .stream import lane_stream

__all__ = ["SkidBuffer"]


class SkidBuffer(wiring.Component):
    """Skid buffer of one beat: passes beats without latency, and keeps one that is not taken.

    It accepts a beat unless it keeps one, which a register says: no path leads from the ready of
    the output to that of the input. That is what ends the path through all the components that
    stall each other. Valid and payload do pass in the same cycle.

    Parameters
    ----------
    shape : shape-like
        Shape of a lane.
    lanes : int
        Lanes of a beat.

    Members
    -------
    i : In(lane_stream(shape, lanes))
    o : Out(lane_stream(shape, lanes))
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

        i, o = self.i.payload.as_value(), self.o.payload.as_value()
        full, kept = Signal(), Signal(len(i), reset_less=True)

        m.d.comb += [
            self.i.ready.eq(~full),
            self.o.valid.eq(full | self.i.valid),
            o.eq(Mux(full, kept, i)),
        ]
        m.d.sync += full.eq(self.o.valid & ~self.o.ready)
        with m.If(~full):
            m.d.sync += kept.eq(i)

        return m
