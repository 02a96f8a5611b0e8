"""Width entry: images enter with the width at which they are computed."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.units import width_entry

from .component import component
from .stream import lane_stream

__all__ = ["WidthEntry", "WidthTap"]


class WidthEntry(wiring.Component):
    """Entry of images, with the widths of those that are inside.

    The width of an image is taken with its first beat. Beats come out ``ENTRY_LATENCY`` cycles
    later, so that each :class:`WidthTap` knows the width before it is needed.

    Parameters
    ----------
    shape : shape-like
        Shape of a lane.
    lanes : int
        Lanes of a beat.
    beats : int
        Beats of an image.
    widths : int
        Number of widths.
    inside : int
        Images that may be inside, a power of two; one more waits until the first has left.

    Members
    -------
    i : In(lane_stream(shape, lanes))
    width : In(range(widths))
        Width of the image whose first beat is offered.
    o : Out(lane_stream(shape, lanes))
    leaves : In(1)
        An image leaves the accelerator in this cycle.
    ring : Out(ArrayLayout(range(widths), inside))
        Widths of the images inside; image n is at n modulo ``inside``.
    """

    def __init__(self, shape, *, lanes: int, beats: int, widths: int, inside: int):
        self._beats = beats
        self._inside = inside
        super().__init__(
            {
                "i": In(lane_stream(shape, lanes)),
                "width": In(range(widths)),
                "o": Out(lane_stream(shape, lanes)),
                "leaves": In(1),
                "ring": Out(data.ArrayLayout(range(widths), inside)),
            }
        )

    @property
    def beats(self) -> int:
        return self._beats

    @property
    def inside(self) -> int:
        return self._inside

    def elaborate(self, platform):
        m = Module()

        beat, place = Signal(range(self._beats)), Signal(range(self._inside))
        count = Signal(range(self._inside + 1))
        first, enters, accept, advance = Signal(), Signal(), Signal(), Signal()
        valid = Signal(width_entry.ENTRY_LATENCY)
        m.d.comb += [
            first.eq(beat == 0),
            advance.eq(~valid[-1] | self.o.ready),
            self.i.ready.eq(advance & ~(first & (count == self._inside))),
            accept.eq(self.i.valid & self.i.ready),
            enters.eq(accept & first),
            self.o.valid.eq(valid[-1]),
        ]
        m.d.sync += count.eq(count + enters - self.leaves)
        with m.If(accept):
            m.d.sync += beat.eq(Mux(beat == self._beats - 1, 0, beat + 1))
        with m.If(enters):
            m.d.sync += [self.ring[place].eq(self.width), place.eq(place + 1)]
        payload = self.i.payload.as_value()
        with m.If(advance):
            m.d.sync += valid.eq(Cat(accept, valid))
            for stage in range(width_entry.ENTRY_LATENCY):
                following = Signal.like(payload, name=f"payload_{stage}", reset_less=True)
                m.d.sync += following.eq(payload)
                payload = following
        m.d.comb += self.o.payload.as_value().eq(payload)

        return m


class WidthTap(wiring.Component):
    """Widths of the image that a unit works on and of the next one.

    Parameters
    ----------
    widths : int
        Number of widths.
    inside : int
        Images in the ring.

    Members
    -------
    ring : In(ArrayLayout(range(widths), inside))
        As of :class:`WidthEntry`.
    step : In(1)
        The unit is done with its image in this cycle.
    now, following : Out(range(widths))
        Width of its image and of the next, known two cycles after they are in the ring.
    """

    def __init__(self, *, widths: int, inside: int):
        super().__init__(
            {
                "ring": In(data.ArrayLayout(range(widths), inside)),
                "step": In(1),
                "now": Out(range(widths)),
                "following": Out(range(widths)),
            }
        )

    def elaborate(self, platform):
        m = Module()

        place = Signal(range(self.ring.shape().length))
        here, behind = Signal.like(place), Signal.like(place)
        m.d.comb += [here.eq(place + self.step), behind.eq(place + self.step + 1)]
        m.d.sync += [
            place.eq(here),
            self.now.eq(self.ring[here]),
            self.following.eq(self.ring[behind]),
        ]

        return m


@component.register
def _(block: width_entry.WidthEntry) -> WidthEntry:
    type = block.type
    return WidthEntry(
        type.bits, lanes=type.lanes, beats=block.beats, widths=block.widths, inside=block.inside
    )
