"""UART: eight data bits, no parity, one stop bit."""

from amaranth.hdl import Cat, Const, Module, Signal
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

        timer = Signal(range(self._divisor))
        bits = Signal(range(_DATA_BITS + 2))
        shift = Signal(_DATA_BITS)

        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)

        with m.FSM():
            with m.State("idle"):
                m.d.sync += [timer.eq((self._divisor - 1) // 2 - 1), bits.eq(0)]
                with m.If(~rx):
                    m.next = "receive"
            with m.State("receive"):
                m.d.sync += timer.eq(timer - 1)
                with m.If(timer == 0):
                    m.d.sync += [timer.eq(self._divisor - 1), bits.eq(bits + 1)]
                    with m.If((bits == 0) & rx):  # a glitch, not a start bit
                        m.next = "idle"
                    with m.Elif(bits <= _DATA_BITS):
                        m.d.sync += shift.eq(Cat(shift[1:], rx))
                    with m.Else():
                        m.next = "idle"
                        with m.If(rx):  # without a stop bit it was no byte
                            m.d.comb += self.overrun.eq(self.o.valid & ~self.o.ready)
                            m.d.sync += self.o.valid.eq(1)
                            with m.If(~self.overrun):
                                m.d.sync += self.o.payload.eq(shift)
                        with m.Else():
                            m.d.comb += self.broken.eq(1)
                            m.next = "break"
            with m.State("break"), m.If(rx):
                m.next = "idle"

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

        timer = Signal(range(self._divisor))
        bits = Signal(range(_DATA_BITS + 3))
        shift = Signal(_DATA_BITS + 1, init=-1)

        m.d.comb += self.i.ready.eq((bits == 0) | ((bits == 1) & (timer == 0)))
        m.d.sync += self.tx.eq(shift[0])

        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [
                shift.eq(Cat(Const(0, 1), self.i.payload)),
                bits.eq(_DATA_BITS + 2),
                timer.eq(self._divisor - 1),
            ]
        with m.Elif(timer != 0):
            m.d.sync += timer.eq(timer - 1)
        with m.Elif(bits != 0):
            m.d.sync += [
                shift.eq(Cat(shift[1:], Const(1, 1))),
                bits.eq(bits - 1),
                timer.eq(self._divisor - 1),
            ]

        return m


def _checked(divisor: int) -> int:
    if divisor < 4:
        raise PlanError(f"a UART needs at least 4 cycles a bit, not {divisor}; choose fewer baud")
    return divisor
