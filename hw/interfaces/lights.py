"""Lights: what the LEDs of a board show."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError

__all__ = ["Lights"]

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
    cycles : In(32)
        Cycles since the start.
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
        If the clock is not from 1 Hz to 2³² Hz, or there are less than 0 LEDs.
    """

    def __init__(self, clock_mhz: float, count: int):
        hertz = round(clock_mhz * 1e6)
        if not 0 < hertz < 1 << 32:
            raise PlanError(f"LEDs take a clock of 1 Hz to 4,294 MHz, not {clock_mhz} MHz")
        if count < 0:
            raise PlanError(f"a board has 0 LEDs or more, not {count}")
        self._beat = hertz.bit_length() - 1
        super().__init__(
            {
                "cycles": In(32),
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

        heartbeat, before = self.cycles[self._beat], Signal()
        recent, held = Signal(), Signal()
        m.d.sync += before.eq(heartbeat)
        with m.If(before != heartbeat):
            m.d.sync += [held.eq(recent), recent.eq(self.error)]
        with m.Elif(self.error):
            m.d.sync += recent.eq(1)
        m.d.comb += self.o.eq(Cat(heartbeat, self.busy, recent | held, self.last))

        return m
