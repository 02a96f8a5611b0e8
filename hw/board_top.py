"""Top level of a board: an accelerator with its clock, serial link and LEDs."""

from amaranth.hdl import ClockDomain, Module, ResetInserter
from amaranth.lib import io, wiring

from threefold.boards import Board

from .clock import ClockGenerator
from .flash_pins import FlashPins
from .interfaces.flash import FlashReader
from .interfaces.lights import Lights
from .interfaces.link import SerialLink
from .interfaces.loadable import is_loadable
from .interfaces.serial import BAUD

__all__ = ["ACCELERATOR", "BoardTop"]

ACCELERATOR = "link.accelerator"
"""Path of the accelerator in the hierarchy of a design for a board."""


class BoardTop(wiring.Component):
    """An accelerator on a board, behind a :class:`SerialLink`, with :class:`Lights` as LEDs.

    A loadable one is loaded from the board's flash at power-up, if the board has one.

    Parameters
    ----------
    accelerator : wiring.Component
        See :class:`SerialLink`.
    board : Board
        Where.
    clock_mhz : float, optional
        Frequency wanted, in MHz; the board's default if left out.
    baud : int
        Bits a second on the serial line.

    Raises
    ------
    PlanError
        If the accelerator has no ports or other streams than they say, the clock or the rate cannot
        be made, or the line brings images faster than they are taken.
    """

    def __init__(
        self,
        accelerator: wiring.Component,
        board: Board,
        *,
        clock_mhz: float | None = None,
        baud: int = BAUD,
    ):
        self._board = board
        self._baud = baud
        self._clock = ClockGenerator(board, clock_mhz or board.clock_mhz)
        flash = None
        if board.flash and is_loadable(accelerator):
            flash = FlashReader.at(board.flash.offset, clock_mhz=self.clock_mhz)
        self._link = SerialLink.at(accelerator, clock_mhz=self.clock_mhz, baud=baud, flash=flash)
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
        m.domains.sync = ClockDomain(reset_less=True)
        m.submodules.clock = clock = self._clock
        m.submodules.link = link = self._link
        lights = Lights(self.clock_mhz, self._board.leds)
        m.submodules.lights = ResetInserter(clock.hold)(lights)

        pins = platform.lookup("uart", 0).ios
        uart = platform.request("uart", 0, dir={pin.name: "-" for pin in pins})
        m.submodules.rx = rx = io.Buffer("i", uart.rx)
        m.submodules.tx = tx = io.Buffer("o", uart.tx)
        m.d.comb += [link.hold.eq(clock.hold), link.rx.eq(rx.i), tx.o.eq(link.tx)]

        m.d.comb += [
            lights.cycle.eq(link.cycle),
            lights.place.eq(link.place),
            lights.busy.eq(link.busy),
            lights.error.eq(link.error),
            lights.last.eq(link.last),
        ]
        for index in range(self._board.leds):
            led = io.Buffer("o", platform.request("led", index, dir="-"))
            m.submodules[f"led{index}"] = led
            m.d.comb += led.o.eq(lights.o[index])
        if link.flash:
            m.submodules.flash = flash = FlashPins(self._board)
            m.d.comb += [
                flash.cs.eq(link.flash_cs),
                flash.clk.eq(link.flash_clk),
                flash.copi.eq(link.flash_copi),
                link.flash_cipo.eq(flash.cipo),
            ]

        return m
