"""Boards: an FPGA, its oscillator and its pins."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from amaranth.build import Platform, Resource

from threefold.errors import PlanError
from threefold.fpga import PLL, Device, Family

__all__ = ["Board"]


@dataclass(frozen=True)
class Board:
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

    @property
    def family(self) -> Family:
        """Family of the FPGA."""
        return self.device.family

    def make_platform(self) -> Platform:
        """A new Amaranth platform with all pins."""
        platform = self.platform()
        platform.add_resources(self.resources)
        return platform

    def pll(self, clock_mhz: float) -> PLL | None:
        """Settings for the fastest clock not above ``clock_mhz``; none for the oscillator itself.

        Raises
        ------
        PlanError
            If the PLL cannot make such a clock, or there is no PLL.
        """
        if clock_mhz == self.base_mhz:
            return None
        if self.family.pll is None:
            raise PlanError(
                f"{self.name} has no PLL to make {clock_mhz:g} MHz; choose {self.base_mhz:g} MHz"
            )
        return self.family.pll.for_frequency(self.base_mhz, clock_mhz)

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
        self.device.check_memories(memories, self.name)
