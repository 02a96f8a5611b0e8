"""Settings of the PLLs that turn a board's oscillator into the clock of an accelerator."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from threefold.errors import PlanError

__all__ = ["ECP5PLL", "ICE40PLL"]

_TOLERANCE = 1e-9  # of a comparison of frequencies, relative


@dataclass(frozen=True)
class ICE40PLL:
    """Settings of an iCE40 ``SB_PLL40`` in its simple feedback path; all frequencies in MHz.

    output = input / (divr + 1) · (divf + 1) / 2^divq
    """

    input_mhz: float
    divr: int
    divf: int
    divq: int

    @classmethod
    def for_frequency(cls, input_mhz: float, wanted_mhz: float) -> Self:
        """The settings with the highest output not above ``wanted_mhz``.

        Raises
        ------
        PlanError
            If the PLL cannot come from the one to the other.
        """
        candidates = (
            cls(input_mhz, divr, divf, divq)
            for divr in range(16)
            for divf in range(128)
            for divq in range(1, 7)
        )
        return _best("iCE40", candidates, input_mhz, wanted_mhz, lambda pll: (pll.divr, pll.divf))

    @property
    def phase_detector_mhz(self) -> float:
        """Frequency at the phase detector."""
        return self.input_mhz / (self.divr + 1)

    @property
    def vco_mhz(self) -> float:
        """Frequency of the oscillator inside."""
        return self.phase_detector_mhz * (self.divf + 1)

    @property
    def output_mhz(self) -> float:
        """Frequency that comes out."""
        return self.vco_mhz / 2**self.divq

    @property
    def filter_range(self) -> int:
        """Setting of the loop filter."""
        limits = (17, 26, 44, 66, 101)
        return 1 + sum(self.phase_detector_mhz >= limit for limit in limits)

    @property
    def legal(self) -> bool:
        """Whether every frequency is within its limits."""
        return (
            10 <= self.phase_detector_mhz <= 133
            and 533 <= self.vco_mhz <= 1066
            and 16 <= self.output_mhz <= 275
        )


@dataclass(frozen=True)
class ECP5PLL:
    """Settings of an ECP5 ``EHXPLLL`` with feedback from its output; all frequencies in MHz.

    output = input / clki_div · clkfb_div
    """

    input_mhz: float
    clki_div: int
    clkfb_div: int
    clkop_div: int

    @classmethod
    def for_frequency(cls, input_mhz: float, wanted_mhz: float) -> Self:
        """The settings with the highest output not above ``wanted_mhz``.

        Raises
        ------
        PlanError
            If the PLL cannot come from the one to the other.
        """
        candidates = (
            cls(input_mhz, clki_div, clkfb_div, clkop_div)
            for clki_div in range(1, 1 + min(128, int(input_mhz / 3.125)))
            for clkfb_div in range(1, 81)
            for clkop_div in range(1, 129)
        )
        return _best(
            "ECP5",
            candidates,
            input_mhz,
            wanted_mhz,
            lambda pll: (pll.clki_div, abs(pll.vco_mhz - 600), pll.clkop_div),
        )

    @property
    def phase_detector_mhz(self) -> float:
        """Frequency at the phase detector."""
        return self.input_mhz / self.clki_div

    @property
    def output_mhz(self) -> float:
        """Frequency that comes out."""
        return self.phase_detector_mhz * self.clkfb_div

    @property
    def vco_mhz(self) -> float:
        """Frequency of the oscillator inside."""
        return self.output_mhz * self.clkop_div

    @property
    def clkop_cphase(self) -> int:
        """Coarse phase of the output, in periods of the oscillator inside."""
        return self.clkop_div // 2

    @property
    def legal(self) -> bool:
        """Whether every frequency is within its limits."""
        return (
            3.125 <= self.phase_detector_mhz <= 400
            and 400 <= self.vco_mhz <= 800
            and 10 <= self.output_mhz <= 400
        )


def _best(family: str, candidates: Iterable, input_mhz: float, wanted_mhz: float, rank):
    """The legal candidate with the highest output not above ``wanted_mhz``."""
    legal = [pll for pll in candidates if pll.legal]
    low_enough = [pll for pll in legal if pll.output_mhz <= wanted_mhz * (1 + _TOLERANCE)]
    if not low_enough or wanted_mhz > max(pll.output_mhz for pll in legal) * (1 + _TOLERANCE):
        outputs = [pll.output_mhz for pll in legal]
        raise PlanError(
            f"an {family} PLL cannot make {wanted_mhz:g} MHz from {input_mhz:g} MHz; "
            f"choose {min(outputs):g} to {max(outputs):g} MHz"
        )
    return min(low_enough, key=lambda pll: (-round(pll.output_mhz, 6), rank(pll)))
