"""Monitor: images counted and timed at the streams of an accelerator, and held back if asked."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError
from threefold.registers import WORD_BITS

__all__ = ["Monitor"]

_NUMBER = 8  # bits of the number of an image, of which up to 255 are in flight


class Monitor(wiring.Component):
    """Monitor between a host and an accelerator, in whose streams it adds no cycle.

    While ``run`` is low, an image whose first beat has been offered goes on, and no further one
    begins. None begins either while 254 are in flight, more than an accelerator holds.

    A reset of the component, with that of the accelerator, forgets the images in flight.

    Parameters
    ----------
    i : stream.Signature
        What enters the accelerator.
    o : stream.Signature
        What leaves it.
    i_beats, o_beats : int
        Beats of an image.

    Members
    -------
    i : In(i)
        Input from the host.
    to : Out(i)
        Input of the accelerator.
    back : In(o)
        Output of the accelerator.
    o : Out(o)
        Output to the host.
    run : In(1)
        Whether images may begin.
    i_first, i_last, o_last : Out(1)
        Whether the beat at the input or output is the first or the last of its image.
    busy : Out(1)
        Whether an image has begun whose last output beat has not left.
    images : Out(32)
        Images whose last output beat has left.
    cycles : Out(32)
        Cycles, whatever is reset.
    latency : Out(32)
        Cycles from the first input beat to the last output beat of an image, which is measured
        unless another one was being measured as it began.
    interval : Out(32)
        Cycles between the last output beats of the latest two images.

    Raises
    ------
    PlanError
        If an image has no beat.
    """

    def __init__(self, i: stream.Signature, o: stream.Signature, *, i_beats: int, o_beats: int):
        for beats in (i_beats, o_beats):
            if beats < 1:
                raise PlanError(f"an image has at least 1 beat, not {beats}")
        self._i_beats = i_beats
        self._o_beats = o_beats
        super().__init__(
            {
                "i": In(i),
                "to": Out(i),
                "back": In(o),
                "o": Out(o),
                "run": In(1),
                "i_first": Out(1),
                "i_last": Out(1),
                "o_last": Out(1),
                "busy": Out(1),
                "images": Out(WORD_BITS),
                "cycles": Out(WORD_BITS),
                "latency": Out(WORD_BITS),
                "interval": Out(WORD_BITS),
            }
        )

    @property
    def i_beats(self) -> int:
        """Beats of an image at the input."""
        return self._i_beats

    @property
    def o_beats(self) -> int:
        """Beats of an image at the output."""
        return self._o_beats

    def elaborate(self, platform):
        m = Module()

        begun = Signal(_NUMBER)
        answered = self.images[:_NUMBER]
        enters, leaves = Signal(), Signal()
        begins, ends = Signal(), Signal()

        # A beat that has been offered is not taken back.
        full, offered, passes = Signal(), Signal(), Signal()
        m.d.comb += [
            passes.eq((self.run & ~full) | ~self.i_first | offered),
            self.to.valid.eq(self.i.valid & passes),
            self.to.payload.eq(self.i.payload),
            self.i.ready.eq(self.to.ready & passes),
            self.o.valid.eq(self.back.valid),
            self.o.payload.eq(self.back.payload),
            self.back.ready.eq(self.o.ready),
        ]
        # From 254 on, since the register is a cycle late.
        m.d.sync += full.eq((begun - answered)[1:_NUMBER].all())
        m.d.sync += offered.eq(self.to.valid & ~self.to.ready)

        first, last = _place(m, "entered", enters, self._i_beats)
        m.d.comb += [
            enters.eq(self.to.valid & self.to.ready),
            leaves.eq(self.o.valid & self.o.ready),
            self.i_first.eq(first),
            self.i_last.eq(last),
            self.o_last.eq(_place(m, "left", leaves, self._o_beats)[1]),
            begins.eq(enters & self.i_first),
            ends.eq(leaves & self.o_last),
            self.busy.eq(begun != answered),
        ]
        m.d.sync += [begun.eq(begun + begins), self.images.eq(self.images + ends)]
        self._measure(m, begins, ends, begun)

        return m

    def _measure(self, m: Module, begins: Signal, ends: Signal, begun: Signal):
        """Latency and interval, as differences of the cycles in which something happened."""
        free = Signal(WORD_BITS, reset_less=True)
        m.d.comb += self.cycles.eq(free)
        m.d.sync += free.eq(free + 1)

        began, number = Signal(WORD_BITS, reset_less=True), Signal(_NUMBER, reset_less=True)
        measures, done = Signal(), Signal()
        m.d.comb += done.eq(measures & ends & (number == self.images[:_NUMBER]))
        with m.If(done):
            m.d.sync += [self.latency.eq(free - began), measures.eq(0)]
        with m.If(begins & ~measures):
            m.d.sync += [began.eq(free), number.eq(begun), measures.eq(1)]

        ended, any_ended = Signal(WORD_BITS, reset_less=True), Signal()
        with m.If(ends):
            m.d.sync += [
                ended.eq(free),
                any_ended.eq(1),
                self.interval.eq(Mux(any_ended, free - ended, 0)),
            ]


def _place(m: Module, name: str, moves: Signal, beats: int) -> tuple[Signal, Signal]:
    """Whether the next beat is the first, and the last, of its image."""
    first, last = Signal(name=f"{name}_first"), Signal(name=f"{name}_last")
    place = Signal(range(max(beats, 2)), name=name)
    m.d.comb += [first.eq(place == 0), last.eq(place == beats - 1)]
    with m.If(moves):
        m.d.sync += place.eq(Mux(last, 0, place + 1))
    return first, last
