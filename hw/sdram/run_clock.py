"""Run clock: how long images took, and how long of that for want of memory."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.registers import WORD_BITS

__all__ = ["RunClock"]


class RunClock(wiring.Component):
    """Clock of a run of images, which stands still at all ones.

    Parameters
    ----------
    o_beats : int
        Beats of a result.

    Members
    -------
    start : In(1)
        A run begins, whose first beat has not entered yet.
    enters, leaves : In(1)
        Whether a beat enters the accelerator, and leaves it.
    stalls_now : In(1)
        Whether the accelerator waits.
    cycles, first : Out(32)
        Cycles from the first beat that entered to the last of the latest result, and of the first.
    stalls : Out(32)
        Those of them in which the accelerator waited.
    """

    def __init__(self, o_beats: int):
        self._o_beats = o_beats
        super().__init__(
            {
                "start": In(1),
                "enters": In(1),
                "leaves": In(1),
                "stalls_now": In(1),
                "cycles": Out(WORD_BITS),
                "first": Out(WORD_BITS),
                "stalls": Out(WORD_BITS),
            }
        )

    @property
    def o_beats(self) -> int:
        """Beats of a result."""
        return self._o_beats

    def elaborate(self, platform):
        m = Module()

        place, last = Signal(range(max(self._o_beats, 2))), Signal()
        entered, answered = Signal(), Signal()
        now = Signal(WORD_BITS)  # cycles from the first beat to this cycle
        m.d.comb += last.eq(place == self._o_beats - 1)
        with m.If(self.enters):
            m.d.sync += entered.eq(1)
        with m.If((self.enters | entered) & ~now.all()):
            m.d.sync += now.eq(now + 1)
        with m.If(self.stalls_now & entered):
            m.d.sync += self.stalls.eq(self.stalls + 1)
        with m.If(self.leaves):
            m.d.sync += place.eq(Mux(last, 0, place + 1))
        with m.If(self.leaves & last):
            m.d.sync += [self.cycles.eq(now), answered.eq(1)]
            with m.If(~answered):
                m.d.sync += self.first.eq(now)
        with m.If(self.start):
            m.d.sync += [
                place.eq(0),
                entered.eq(0),
                answered.eq(0),
                now.eq(0),
                self.cycles.eq(0),
                self.first.eq(0),
                self.stalls.eq(0),
            ]

        return m
