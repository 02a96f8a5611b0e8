"""Clock generator: the clock of an accelerator on a board, and its reset."""

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetSignal, Signal
from amaranth.lib import io, wiring
from amaranth.lib.cdc import FFSynchronizer

from threefold.boards import Board

from .primitive import primitive

__all__ = ["ClockGenerator"]


class ClockGenerator(wiring.Component):
    """Driver of the domain ``sync`` from a board's oscillator, through a PLL if need be.

    The parent defines the domain. It stays in reset until 15 µs after the PLL has locked.

    Parameters
    ----------
    board : Board
        Where.
    clock_mhz : float
        Frequency wanted, in MHz; what the PLL makes is at most this.

    Raises
    ------
    PlanError
        If the PLL cannot make such a clock.
    """

    def __init__(self, board: Board, clock_mhz: float):
        self._board = board
        self._pll = board.pll(clock_mhz)
        self._achieved_mhz = board.achieved_mhz(clock_mhz)
        super().__init__({})

    @property
    def board(self) -> Board:
        """Where."""
        return self._board

    @property
    def achieved_mhz(self) -> float:
        """Frequency of the domain, in MHz."""
        return self._achieved_mhz

    def elaborate(self, platform):
        m = Module()
        m.domains.startup = ClockDomain(reset_less=True, local=True)

        pin = platform.request(platform.default_clk, dir="-")
        locked = Signal()
        if self._pll and self._pll.on_pad:
            # Nothing else leads from the pad into the device while the PLL runs.
            oscillator = pin.io
        else:
            m.submodules.pin = buffer = io.Buffer("i", pin)
            oscillator = buffer.i
        if self._pll:
            m.submodules.pll = primitive(
                self._pll.cell, oscillator=oscillator, clock=ClockSignal(), locked=locked
            )
        else:
            m.d.comb += [ClockSignal().eq(oscillator), locked.eq(1)]

        m.d.comb += ClockSignal("startup").eq(ClockSignal())
        steady = Signal()
        m.submodules.locked = FFSynchronizer(locked, steady, o_domain="startup")

        # An iCE40 reads zeros from its block RAMs for about 3 µs after configuration.
        cycles = round(15 * self._achieved_mhz)
        timer = Signal(range(cycles + 1))
        hold = Signal(init=1)
        m.d.startup += hold.eq(timer != cycles)
        with m.If(~steady):
            m.d.startup += timer.eq(0)
        with m.Elif(timer != cycles):
            m.d.startup += timer.eq(timer + 1)
        m.d.comb += ResetSignal().eq(hold)

        return m
