"""The boards Threefold builds for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from amaranth.build import Platform
from amaranth_boards.icebreaker import ICEBreakerPlatform
from amaranth_boards.ulx3s import (
    ULX3S_12F_Platform,
    ULX3S_25F_Platform,
    ULX3S_45F_Platform,
    ULX3S_85F_Platform,
)

from threefold.errors import PlanError

from .pll import ECP5PLL, ICE40PLL

__all__ = ["BOARDS", "Board", "get"]


@dataclass(frozen=True)
class Board:
    """A board and the FPGA on it.

    What a device holds is what nextpnr says is available to it, in its report on a design that
    is all but empty.

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
    spram : int
        Large single-port RAMs, 256 Kibit each; only some iCE40s have them.
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
    spram: int = 0

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

    def check_memories(self, memories: Mapping[str, str]) -> None:
        """Refuse kinds of memories, by name of what they are for, that the device lacks.

        Raises
        ------
        PlanError
        """
        for name, kind in memories.items():
            if kind == "spram" and not self.spram:
                raise PlanError(
                    f"memory of {name!r} cannot be spram: {self.name} has none; choose lut, "
                    f"block or auto"
                )


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
    spram=4,
)


def _ulx3s(size: str, platform: Callable[[], Platform], lut: int, bram: int, dsp: int) -> Board:
    """The ULX3S with the ECP5 of a size, such as ``"85F"``."""
    return Board(
        name=f"ulx3s_{size.lower()}",
        title=f"Radiona ULX3S {size}",
        device=f"LFE5U-{size}",
        family="ecp5",
        platform=platform,
        base_mhz=25,
        clock_mhz=75,
        lut=lut,
        ff=lut,
        bram=bram,
        dsp=dsp,
        leds=8,
    )


# To nextpnr a 12F is the die of a 25F, all of which it uses, although it is sold as a smaller one.
_ULX3S = (
    _ulx3s("12F", ULX3S_12F_Platform, lut=24288, bram=56, dsp=28),
    _ulx3s("25F", ULX3S_25F_Platform, lut=24288, bram=56, dsp=28),
    _ulx3s("45F", ULX3S_45F_Platform, lut=43848, bram=108, dsp=72),
    _ulx3s("85F", ULX3S_85F_Platform, lut=83640, bram=208, dsp=156),
)

BOARDS = {board.name: board for board in (_ICEBREAKER, *_ULX3S)}
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
