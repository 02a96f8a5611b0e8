"""Crop: the first beats of every so many."""

from amaranth.hdl import Module, Mux, ShapeLike, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError

from .stream import lane_stream

__all__ = ["Crop"]


class Crop(wiring.Component):
    """Crop of a stream: of every so many beats the first ones pass, without latency.

    Parameters
    ----------
    shape : shape-like
        Shape of a lane.
    lanes : int
        Lanes of a beat.
    kept, beats : int
        ``kept`` of every ``beats`` pass, at least 1.

    Members
    -------
    i : In(lane_stream(shape, lanes))
    o : Out(lane_stream(shape, lanes))

    Raises
    ------
    PlanError
        If no beat would pass, or more than come.
    """

    def __init__(self, shape: ShapeLike, *, lanes: int, kept: int, beats: int):
        if not 1 <= kept <= beats:
            raise PlanError(f"of {beats} beats 1 to {beats} pass, not {kept}")
        self._kept = kept
        self._beats = beats
        super().__init__({"i": In(lane_stream(shape, lanes)), "o": Out(lane_stream(shape, lanes))})

    @property
    def kept(self) -> int:
        """Beats that pass."""
        return self._kept

    @property
    def beats(self) -> int:
        """Beats that come."""
        return self._beats

    def elaborate(self, platform):
        m = Module()

        beat, dropped = Signal(range(self._beats)), Signal()
        m.d.comb += [
            dropped.eq(beat >= self._kept),
            self.o.payload.eq(self.i.payload),
            self.o.valid.eq(self.i.valid & ~dropped),
            self.i.ready.eq(self.o.ready | dropped),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += beat.eq(Mux(beat == self._beats - 1, 0, beat + 1))

        return m
