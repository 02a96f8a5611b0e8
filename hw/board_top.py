"""Top level of a board: an accelerator with its clock, serial link and LEDs."""

from amaranth.hdl import ClockDomain, Module, ResetInserter
from amaranth.lib import io, wiring
from amaranth.lib.wiring import connect

from threefold.boards import Board
from threefold.errors import PlanError
from threefold.fpga import MemoryClocks

from .clock import ClockGenerator
from .flash_pins import FlashPins
from .interfaces.flash import FlashReader
from .interfaces.lights import Lights
from .interfaces.link import SerialLink
from .interfaces.loadable import is_loadable
from .interfaces.serial import BAUD
from .sdram.accelerator import SDRAMAccelerator
from .sdram.benchmark import Benchmark
from .sdram.buffers import LEAD_NS, SDRAMBuffers

__all__ = ["ACCELERATOR", "BoardTop"]

ACCELERATOR = "link.accelerator"
"""Path of the accelerator in the hierarchy of a design for a board."""

_TOLERANCE = 1e-6  # of a clock, relative


class BoardTop(wiring.Component):
    """An accelerator on a board, behind a :class:`SerialLink`, with :class:`Lights` as LEDs.

    A loadable one is loaded from the board's flash at power-up, if the board has one. That of an
    :class:`SDRAMAccelerator` is in the board's SDRAM from then on, as the images of a
    :class:`Benchmark` are.

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
        be made, the line brings images faster than they are taken, or the accelerator has another
        SDRAM than the board, or is for another clock.
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
        has_sdram = isinstance(accelerator, SDRAMAccelerator | Benchmark)
        self._ratio = accelerator.ratio if has_sdram else 0
        clocks = MemoryClocks(self._ratio, LEAD_NS) if self._ratio else None
        clock_mhz = clock_mhz or board.clock_mhz
        if isinstance(accelerator, SDRAMAccelerator | Benchmark):
            _require_memory(accelerator, board, board.achieved_mhz(clock_mhz, clocks))
        self._clock = ClockGenerator(board, clock_mhz, clocks)
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
        if self._ratio:
            self._connect_sdram(m)
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

    def _connect_sdram(self, m: Module) -> None:
        """The board's SDRAM, and the domains of its clocks."""
        domain = "sync" if self._ratio == 1 else "memory"
        m.domains.chip = ClockDomain(reset_less=True)
        if domain == "memory":
            m.domains.memory = ClockDomain(reset_less=True)
        m.submodules.sdram = buffers = SDRAMBuffers(self._board, domain=domain)
        connect(m, self._link.memory, buffers.pins)


def _require_memory(
    accelerator: SDRAMAccelerator | Benchmark, board: Board, clock_mhz: float
) -> None:
    """Raise unless an accelerator was made for the SDRAM and the clock of a board."""
    if accelerator.sdram != board.sdram:
        has = f"has {board.sdram.name}" if board.sdram else "has no SDRAM"
        raise PlanError(f"the accelerator is for {accelerator.sdram.name}, and {board.name} {has}")
    if abs(accelerator.clock_mhz - clock_mhz) > _TOLERANCE * clock_mhz:
        raise PlanError(
            f"the accelerator and its SDRAM are for {accelerator.clock_mhz:g} MHz, and the PLL of "
            f"{board.name} makes {clock_mhz:g} MHz"
        )
