"""The boards Threefold builds for."""

from collections.abc import Callable
from dataclasses import dataclass

from amaranth.build import Platform
from amaranth_boards.icebreaker import ICEBreakerPlatform
from amaranth_boards.ulx3s import ULX3S_85F_Platform

from ..errors import PlanError
from .pll import ECP5PLL, ICE40PLL

__all__ = ["BOARDS", "Board", "get"]


@dataclass(frozen=True)
class Board:
    """A board and the FPGA on it.

    Parameters
    ----------
    name : str
        Name on the command line.
    title : str
        Name as its maker writes it.
    device : str
        FPGA.
    family : str
        ``"ice40"`` or ``"ecp5"``.
    platform : callable
        Makes the Amaranth platform: pins and constraints.
    base_mhz : float
        Frequency of the oscillator, in MHz.
    clock_mhz : float
        Frequency an accelerator is built for unless told otherwise, in MHz.
    lut : int
        Four-input look-up tables, each with its carry.
    ff : int
        Flip-flops.
    bram : int
        Block RAMs.
    dsp : int
        Multipliers, none of which an accelerator uses.
    leds : int
        LEDs.
    """

    name: str
    title: str
    device: str
    family: str
    platform: Callable[[], Platform]
    base_mhz: float
    clock_mhz: float
    lut: int
    ff: int
    bram: int
    dsp: int
    leds: int

    def pll(self, clock_mhz: float) -> ICE40PLL | ECP5PLL | None:
        """Settings for the fastest clock not above ``clock_mhz``; none for the oscillator itself.

        Raises
        ------
        PlanError
            If the PLL cannot make such a clock.
        """
        if clock_mhz == self.base_mhz:
            return None
        pll = {"ice40": ICE40PLL, "ecp5": ECP5PLL}[self.family]
        return pll.for_frequency(self.base_mhz, clock_mhz)

    def achieved_mhz(self, clock_mhz: float) -> float:
        """The frequency, in MHz, a design asked to run at ``clock_mhz`` really runs at.

        Raises
        ------
        PlanError
            If the PLL cannot make such a clock.
        """
        pll = self.pll(clock_mhz)
        return pll.output_mhz if pll else self.base_mhz


_ICEBREAKER = Board(
    name="icebreaker",
    title="1BitSquared iCEBreaker",
    device="iCE40UP5K",
    family="ice40",
    platform=ICEBreakerPlatform,
    base_mhz=12,
    clock_mhz=30,
    lut=5280,
    ff=5280,
    bram=30,
    dsp=8,
    leds=2,
)

_ULX3S_85F = Board(
    name="ulx3s_85f",
    title="Radiona ULX3S 85F",
    device="LFE5U-85F",
    family="ecp5",
    platform=ULX3S_85F_Platform,
    base_mhz=25,
    clock_mhz=75,
    lut=83640,
    ff=83640,
    bram=208,
    dsp=156,
    leds=8,
)

BOARDS = {board.name: board for board in (_ICEBREAKER, _ULX3S_85F)}
"""The boards, by name."""


def get(name: str) -> Board:
    """The board called ``name``.

    Raises
    ------
    PlanError
        If there is none.
    """
    if name not in BOARDS:
        raise PlanError(f"there is no board {name!r}; choose one of {', '.join(BOARDS)}")
    return BOARDS[name]
