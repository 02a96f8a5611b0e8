"""Boards: an FPGA, its oscillator and its pins."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from amaranth.build import Platform, Resource

from threefold.errors import PlanError
from threefold.fpga import PLL, Device, MemoryClocks

from .flash import Flash
from .sdram import SDRAM
from .target import Target

__all__ = ["Board"]


@dataclass(frozen=True, kw_only=True)
class Board(Target):
    """A board and the FPGA on it.

    Parameters
    ----------
    name : str
        Name on the command line.
    title : str
        Name as its maker writes it.
    device : Device
        FPGA.
    platform : callable
        Makes the Amaranth platform: pins and constraints.
    base_mhz : float
        Frequency of the oscillator, in MHz.
    clock_mhz : float
        Frequency an accelerator is built for unless told otherwise, in MHz.
    leds : int
        LEDs.
    resources : tuple of Resource
        Pins that the platform lacks: a serial line ``"uart"``, or LEDs ``"led"``.
    loader : str
        Name of the board for openFPGALoader; empty if it knows none.
    pll_type : subclass of PLL, optional
        PLL for the oscillator of this board, if that of the family does not fit.
    flash : Flash, optional
        Flash that program images are loaded from at power-up, if its pins are free then.
    sdram : SDRAM, optional
        SDRAM, whose pins are the resource ``"sdram"`` of the platform.

    Raises
    ------
    PlanError
        If a value is not of these kinds, a frequency not above 0, or ``leds`` below 0.
    """

    name: str
    title: str
    device: Device
    platform: Callable[[], Platform]
    base_mhz: float
    clock_mhz: float
    leds: int
    resources: tuple[Resource, ...] = ()
    loader: str = ""
    pll_type: type[PLL] | None = None
    flash: Flash | None = None
    sdram: SDRAM | None = None

    def __post_init__(self):
        number = (int, float)
        for what, good, kind in (
            ("name", isinstance(self.name, str) and re.fullmatch(r"\w+", self.name), "a name"),
            ("title", isinstance(self.title, str), "text"),
            ("device", isinstance(self.device, Device), "a Device"),
            ("platform", callable(self.platform), "callable"),
            ("base_mhz", isinstance(self.base_mhz, number) and self.base_mhz > 0, "above 0"),
            ("clock_mhz", isinstance(self.clock_mhz, number) and self.clock_mhz > 0, "above 0"),
            ("leds", isinstance(self.leds, int) and self.leds >= 0, "0 or more"),
        ):
            if not good:
                value = getattr(self, what)
                raise PlanError(f"{what} of board {self.name!r} must be {kind}, not {value!r:.40}")

    def make_platform(self) -> Platform:
        """A new Amaranth platform with all pins."""
        platform = self.platform()
        platform.fpga_family = self.family
        platform.add_resources(self.resources)
        return platform

    def pll(self, clock_mhz: float, memory: MemoryClocks | None = None) -> PLL | None:
        """Settings for the fastest clock not above ``clock_mhz``; none for the oscillator itself.

        Parameters
        ----------
        clock_mhz : float
        memory : MemoryClocks, optional
            Further clocks, for which it takes a PLL always.

        Raises
        ------
        PlanError
            If the PLL cannot make such clocks, or there is no PLL.
        """
        if clock_mhz == self.base_mhz and memory is None:
            return None
        pll = self.pll_type or self.family.pll
        if pll is None:
            raise PlanError(
                f"{self.name} has no PLL to make {clock_mhz:g} MHz; choose {self.base_mhz:g} MHz"
            )
        return pll.for_frequency(self.base_mhz, clock_mhz, memory)

    def achieved_mhz(self, clock_mhz: float, memory: MemoryClocks | None = None) -> float:
        """The frequency, in MHz, a design asked to run at ``clock_mhz`` really runs at.

        Parameters
        ----------
        clock_mhz : float
        memory : MemoryClocks, optional
            Further clocks of the design.

        Raises
        ------
        PlanError
            If the PLL cannot make such clocks.
        """
        pll = self.pll(clock_mhz, memory)
        return pll.output_mhz if pll else self.base_mhz
