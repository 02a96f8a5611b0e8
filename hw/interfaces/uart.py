"""UART: eight data bits, no parity, one stop bit."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError

__all__ = ["UARTReceiver", "UARTTransmitter", "divisor"]

_DATA_BITS = 8


def divisor(clock_mhz: float, baud: int) -> int:
    """Clock cycles a bit, for a clock in MHz and a rate in bit/s.

    Raises
    ------
    PlanError
        If the nearest rate the clock can be divided to is more than 2 % off.
    """
    cycles = round(clock_mhz * 1e6 / baud)
    if cycles < 4 or abs(clock_mhz * 1e6 / cycles / baud - 1) > 0.02:
        raise PlanError(f"a clock of {clock_mhz:g} MHz cannot make {baud} baud; choose fewer baud")
    return cycles


class UARTReceiver(wiring.Component):
    """UART receiver: bytes from a serial line.

    A byte is there in the middle of its stop bit. If it was not taken when the next one is
    complete, that one is lost: the line cannot be stalled. Each bit is read in its middle, or up to
    a cycle before, so that with 8 cycles a bit the other end may be 4 % slower or faster.

    Parameters
    ----------
    divisor : int
        Clock cycles a bit, at least 4.

    Members
    -------
    rx : In(1)
        The line, idle high, not synchronized to any clock.
    o : Out(stream.Signature(8))
        The bytes.
    overrun : Out(1)
        High for a cycle when a byte is lost.
    broken : Out(1)
        High for a cycle when there is no stop bit: a break, or a byte that was damaged.

    Raises
    ------
    PlanError
        If ``divisor`` is less than 4.
    """

    def __init__(self, divisor: int):
        self._divisor = _checked(divisor)
        super().__init__(
            {
                "rx": In(1, init=1),
                "o": Out(stream.Signature(_DATA_BITS)),
                "overrun": Out(1),
                "broken": Out(1),
            }
        )

    @property
    def divisor(self) -> int:
        """Clock cycles a bit."""
        return self._divisor

    def elaborate(self, platform):
        m = Module()

        rx = Signal(init=1)
        m.submodules.rx_sync = FFSynchronizer(self.rx, rx, init=1)

        # A one goes through the shift register in front of the data.
        timer = Signal(range(self._divisor))
        shift = Signal(_DATA_BITS + 1)
        receives, begun, broken = Signal(), Signal(), Signal()
        middle, complete = Signal(), Signal()
        m.d.comb += [
            middle.eq(receives & (timer == (self._divisor - 1) // 2 - 1)),
            complete.eq(middle & begun & shift[0]),
            self.overrun.eq(complete & rx & self.o.valid & ~self.o.ready),
            self.broken.eq(complete & ~rx),
        ]
        m.d.sync += timer.eq(timer + 1)
        with m.If(~receives | (timer == self._divisor - 1)):
            m.d.sync += timer.eq(0)
        # Without a stop bit it was no byte, and none begins before the line is idle.
        m.d.sync += broken.eq(~rx & (broken | complete))
        with m.If(middle & begun):
            m.d.sync += shift.eq(Cat(shift[1:], rx))
        with m.If(middle):
            m.d.sync += begun.eq(1)
        with m.If(~receives):
            m.d.sync += [receives.eq(~rx & ~broken), begun.eq(0), shift.eq(1 << _DATA_BITS)]
        with m.If(complete | (middle & ~begun & rx)):  # the latter is a glitch, no start bit
            m.d.sync += receives.eq(0)

        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(complete & rx):
            m.d.sync += self.o.valid.eq(1)
            with m.If(~self.overrun):
                m.d.sync += self.o.payload.eq(shift[1:])

        return m


class UARTTransmitter(wiring.Component):
    """UART transmitter: bytes onto a serial line, back to back if they come fast enough.

    Parameters
    ----------
    divisor : int
        Clock cycles a bit, at least 4.

    Members
    -------
    i : In(stream.Signature(8))
        The bytes.
    tx : Out(1)
        The line, idle high.

    Raises
    ------
    PlanError
        If ``divisor`` is less than 4.
    """

    def __init__(self, divisor: int):
        self._divisor = _checked(divisor)
        super().__init__({"i": In(stream.Signature(_DATA_BITS)), "tx": Out(1, init=1)})

    @property
    def divisor(self) -> int:
        """Clock cycles a bit."""
        return self._divisor

    def elaborate(self, platform):
        m = Module()

        # The last one is the stop bit, which stays while there is nothing to send.
        shift = Signal(_DATA_BITS + 2, init=1)
        timer = Signal(range(self._divisor))
        tick, stops = Signal(), Signal()
        m.d.comb += [
            tick.eq(timer == 0),
            stops.eq(~shift[1:].any()),
            self.tx.eq(shift[0]),
            self.i.ready.eq(tick & stops),
        ]
        with m.If(~tick):
            m.d.sync += timer.eq(timer - 1)
        with m.Elif(~stops | self.i.valid):
            m.d.sync += [
                timer.eq(self._divisor - 1),
                shift.eq(Mux(stops, Cat(Const(0, 1), self.i.payload, Const(1, 1)), shift[1:])),
            ]

        return m


def _checked(divisor: int) -> int:
    if divisor < 4:
        raise PlanError(f"a UART needs at least 4 cycles a bit, not {divisor}; choose fewer baud")
    return divisor
