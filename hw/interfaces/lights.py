"""Lights: what the LEDs of a board show."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError
from threefold.registers import WORD_BITS

__all__ = ["Lights"]

_LEAST = 32  # Hz; lower bits of the cycles are not told
_SHOWN = 8  # bits of the latest output element


class Lights(wiring.Component):
    """Lights of a board, in this order, as many as it has.

    0. heartbeat: on and off for between half a second and a second each, while there is a clock;
    1. busy: an image is on its way, or a frame is being sent;
    2. error: a frame was refused or a byte lost, for half a heartbeat at least;
    3. and further: low bits of the latest output element, the class of a classifier.

    Parameters
    ----------
    clock_mhz : float
        Frequency of the clock, in MHz.
    count : int
        LEDs, 0 or more.

    Members
    -------
    cycle, place : In(1), In(5)
        Bit ``place`` of the cycles since the start, all of them in turn, from 5 on.
    busy : In(1)
    error : In(1)
        High for a cycle when something goes wrong.
    last : In(8)
        Low bits of the latest output element.
    o : Out(count)
        LEDs, high where one is on.

    Raises
    ------
    PlanError
        If the clock is not from 32 Hz to 2³² Hz, or there are less than 0 LEDs.
    """

    def __init__(self, clock_mhz: float, count: int):
        hertz = round(clock_mhz * 1e6)
        if not _LEAST <= hertz < 1 << WORD_BITS:
            raise PlanError(f"LEDs take a clock of 32 Hz to 4,294 MHz, not {clock_mhz} MHz")
        if count < 0:
            raise PlanError(f"a board has 0 LEDs or more, not {count}")
        self._beat = hertz.bit_length() - 1
        super().__init__(
            {
                "cycle": In(1),
                "place": In(range(WORD_BITS)),
                "busy": In(1),
                "error": In(1),
                "last": In(_SHOWN),
                "o": Out(count),
            }
        )

    @property
    def beat(self) -> int:
        """Bit of the cycles that the heartbeat shows."""
        return self._beat

    def elaborate(self, platform):
        m = Module()

        heartbeat, here = Signal(), Signal()
        recent, held = Signal(), Signal()
        m.d.comb += here.eq(self.place == self._beat)
        with m.If(here):
            m.d.sync += heartbeat.eq(self.cycle)
        with m.If(here & (heartbeat != self.cycle)):
            m.d.sync += [held.eq(recent), recent.eq(self.error)]
        with m.Elif(self.error):
            m.d.sync += recent.eq(1)
        m.d.comb += self.o.eq(Cat(heartbeat, self.busy, recent | held, self.last))

        return m
