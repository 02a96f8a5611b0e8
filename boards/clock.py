"""The clock of an accelerator on a board."""

from amaranth.hdl import ClockDomain, ClockSignal, Const, Instance, Module, ResetSignal, Signal
from amaranth.lib import io, wiring
from amaranth.lib.cdc import FFSynchronizer

from .board import Board
from .pll import ICE40PLL

__all__ = ["ClockGenerator"]


class ClockGenerator(wiring.Component):
    """Drives the domain ``sync`` from a board's oscillator, through the PLL if need be.

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
        if isinstance(self._pll, ICE40PLL):
            m.submodules.pll = self._ice40(pin, locked)
        else:
            m.submodules.pin = buffer = io.Buffer("i", pin)
            if self._pll is None:
                m.d.comb += [ClockSignal().eq(buffer.i), locked.eq(1)]
            else:
                m.submodules.pll = self._ecp5(buffer.i, locked)

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

    def _ice40(self, pin: io.SingleEndedPort, locked: Signal) -> Instance:
        # The oscillator of the supported boards sits on the PLL's own pad, which leaves no
        # other way from the pad into the device while the PLL runs.
        return Instance(
            "SB_PLL40_PAD",
            p_FEEDBACK_PATH="SIMPLE",
            p_DIVR=Const(self._pll.divr, 4),
            p_DIVF=Const(self._pll.divf, 7),
            p_DIVQ=Const(self._pll.divq, 3),
            p_FILTER_RANGE=Const(self._pll.filter_range, 3),
            i_PACKAGEPIN=pin.io,
            i_RESETB=Const(1),
            i_BYPASS=Const(0),
            o_PLLOUTGLOBAL=ClockSignal(),
            o_LOCK=locked,
        )

    def _ecp5(self, clock: Signal, locked: Signal) -> Instance:
        return Instance(
            "EHXPLLL",
            a_FREQUENCY_PIN_CLKI=f"{self._pll.input_mhz:g}",
            a_FREQUENCY_PIN_CLKOP=f"{self._pll.output_mhz:g}",
            a_ICP_CURRENT="12",
            a_LPF_RESISTOR="8",
            a_MFG_ENABLE_FILTEROPAMP="1",
            a_MFG_GMCREF_SEL="2",
            p_PLLRST_ENA="DISABLED",
            p_INTFB_WAKE="DISABLED",
            p_STDBY_ENABLE="DISABLED",
            p_DPHASE_SOURCE="DISABLED",
            p_OUTDIVIDER_MUXA="DIVA",
            p_CLKI_DIV=self._pll.clki_div,
            p_CLKFB_DIV=self._pll.clkfb_div,
            p_CLKOP_DIV=self._pll.clkop_div,
            p_CLKOP_ENABLE="ENABLED",
            p_CLKOP_CPHASE=self._pll.clkop_cphase,
            p_CLKOP_FPHASE=0,
            p_FEEDBK_PATH="CLKOP",
            i_CLKI=clock,
            i_CLKFB=ClockSignal(),
            i_RST=Const(0),
            i_STDBY=Const(0),
            i_PHASESEL0=Const(0),
            i_PHASESEL1=Const(0),
            i_PHASEDIR=Const(1),
            i_PHASESTEP=Const(1),
            i_PHASELOADREG=Const(1),
            i_PLLWAKESYNC=Const(0),
            i_ENCLKOP=Const(0),
            o_CLKOP=ClockSignal(),
            o_LOCK=locked,
        )
