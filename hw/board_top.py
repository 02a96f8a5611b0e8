"""Top level of a board: an accelerator with its clock, serial line and LEDs."""

from amaranth.hdl import Cat, ClockDomain, Module
from amaranth.lib import io, wiring

from threefold.boards import Board

from .clock import ClockGenerator
from .interfaces.bridge import UARTBridge
from .interfaces.serial import BAUD, FIFO_BYTES
from .interfaces.uart import divisor

__all__ = ["ACCELERATOR", "BoardTop"]

ACCELERATOR = "bridge.accelerator"
"""Path of the accelerator in the hierarchy of a design for a board."""


class BoardTop(wiring.Component):
    """An accelerator on a board.

    The first LED shines while the accelerator works, the others show the low bits of the latest
    output element. After an overrun, when bytes were lost since the host sent too many, all shine
    until it sends a break. The serial protocol is that of :class:`UARTBridge`.

    Parameters
    ----------
    accelerator : wiring.Component
        See :class:`UARTBridge`.
    board : Board
        Where.
    clock_mhz : float, optional
        Frequency wanted, in MHz; the board's default if left out.
    baud : int
        Bits a second on the serial line.
    fifo_depth : int
        Bytes that may wait for the accelerator.

    Raises
    ------
    PlanError
        If the accelerator has no ports or other streams than they say, or the clock cannot be made.
    """

    def __init__(
        self,
        accelerator: wiring.Component,
        board: Board,
        *,
        clock_mhz: float | None = None,
        baud: int = BAUD,
        fifo_depth: int = FIFO_BYTES,
    ):
        self._board = board
        self._baud = baud
        self._clock = ClockGenerator(board, clock_mhz or board.clock_mhz)
        self._bridge = UARTBridge(
            accelerator,
            divisor=divisor(self._clock.achieved_mhz, baud),
            fifo_depth=fifo_depth,
        )
        super().__init__({})

    @property
    def board(self) -> Board:
        """Where."""
        return self._board

    @property
    def baud(self) -> int:
        """Bits a second on the serial line."""
        return self._baud

    @property
    def clock_mhz(self) -> float:
        """Frequency of the accelerator, in MHz."""
        return self._clock.achieved_mhz

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain()
        m.submodules.clock = self._clock
        m.submodules.bridge = bridge = self._bridge

        pins = platform.lookup("uart", 0).ios
        uart = platform.request("uart", 0, dir={pin.name: "-" for pin in pins})
        m.submodules.rx = rx = io.Buffer("i", uart.rx)
        m.submodules.tx = tx = io.Buffer("o", uart.tx)
        m.d.comb += [bridge.rx.eq(rx.i), tx.o.eq(bridge.tx)]

        shown = Cat(bridge.busy, bridge.last)
        for index in range(self._board.leds):
            led = io.Buffer("o", platform.request("led", index, dir="-"))
            m.submodules[f"led{index}"] = led
            m.d.comb += led.o.eq(shown[index] | bridge.overrun)

        return m
