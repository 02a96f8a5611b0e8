"""Clock generator: the clock of an accelerator on a board, and how long to wait for it."""

from amaranth.hdl import ClockSignal, Module, Signal
from amaranth.lib import io, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import Out

from threefold.boards import Board
from threefold.fpga import MemoryClocks

from .primitive import primitive

__all__ = ["ClockGenerator"]


class ClockGenerator(wiring.Component):
    """Driver of the domain ``sync`` from a board's oscillator, through a PLL if need be.

    The parent defines the domain, without a reset: what has to wait is told by ``hold``. With
    clocks of a memory there are the domains ``memory``, of the controller, unless the ratio is 1,
    and ``chip``, of the memory's pin for the clock.

    Parameters
    ----------
    board : Board
        Where.
    clock_mhz : float
        Frequency wanted, in MHz; what the PLL makes is at most this.
    memory : MemoryClocks, optional
        Clocks of a memory.

    Members
    -------
    hold : Out(1)
        From power-up until 15 µs after the PLL has locked.

    Raises
    ------
    PlanError
        If the PLL cannot make such clocks.
    """

    def __init__(self, board: Board, clock_mhz: float, memory: MemoryClocks | None = None):
        self._board = board
        self._pll = board.pll(clock_mhz, memory)
        self._achieved_mhz = board.achieved_mhz(clock_mhz, memory)
        super().__init__({"hold": Out(1, init=1)})

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
                self._pll.cell,
                oscillator=oscillator,
                clock=ClockSignal(),
                locked=locked,
                memory=ClockSignal("memory"),
                chip=ClockSignal("chip"),
            )
        else:
            m.d.comb += [ClockSignal().eq(oscillator), locked.eq(1)]

        steady = Signal()
        m.submodules.locked = FFSynchronizer(locked, steady)

        # An iCE40 reads zeros from its block RAMs for about 3 µs after configuration.
        cycles = round(15 * self._achieved_mhz)
        timer = Signal(range(cycles + 1))
        hold = Signal(init=1)
        m.d.sync += hold.eq(timer != cycles)
        with m.If(~steady):
            m.d.sync += timer.eq(0)
        with m.Elif(timer != cycles):
            m.d.sync += timer.eq(timer + 1)
        m.d.comb += self.hold.eq(hold)

        return m
