"""Concatenation: the channels of two streams, one after the other."""

from amaranth.hdl import Module, Mux, ShapeLike, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError
from threefold.plan.units.concat import ConcatUnit

from .component import component
from .stream import lane_stream

__all__ = ["Concat"]


class Concat(wiring.Component):
    """Concatenation of two streams: for each pixel the beats of ``a``, then those of ``b``.

    It adds no latency; the stream whose turn it is not waits.

    Parameters
    ----------
    shape : shape-like
        Shape of a lane.
    lanes : int
        Lanes of a beat.
    beats : (int, int)
        Beats of a pixel in ``a`` and in ``b``, at least 1 each.

    Members
    -------
    a : In(lane_stream(shape, lanes))
    b : In(lane_stream(shape, lanes))
    o : Out(lane_stream(shape, lanes))

    Raises
    ------
    PlanError
        If a pixel has no beat in one of them.
    """

    def __init__(self, shape: ShapeLike, *, lanes: int, beats: tuple[int, int]):
        a_beats, b_beats = beats
        if min(a_beats, b_beats) < 1:
            raise PlanError(f"concat needs at least 1 beat a pixel, not {a_beats} and {b_beats}")
        self._shape = shape
        self._lanes = lanes
        self._beats = (a_beats, b_beats)
        super().__init__(
            {
                "a": In(lane_stream(shape, lanes)),
                "b": In(lane_stream(shape, lanes)),
                "o": Out(lane_stream(shape, lanes)),
            }
        )

    @property
    def shape(self) -> ShapeLike:
        return self._shape

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def beats(self) -> tuple[int, int]:
        return self._beats

    def elaborate(self, platform):
        m = Module()

        a_beats, total = self._beats[0], sum(self._beats)
        beat = Signal(range(total))
        second = Signal()

        m.d.comb += [
            second.eq(beat >= a_beats),
            self.o.valid.eq(Mux(second, self.b.valid, self.a.valid)),
            self.o.payload.as_value().eq(
                Mux(second, self.b.payload.as_value(), self.a.payload.as_value())
            ),
            self.a.ready.eq(~second & self.o.ready),
            self.b.ready.eq(second & self.o.ready),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += beat.eq(Mux(beat == total - 1, 0, beat + 1))

        return m


@component.register
def _(unit: ConcatUnit) -> Concat:
    return Concat(unit.outputs[0].bits, lanes=unit.lanes, beats=unit.beats)
