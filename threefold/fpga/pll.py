"""Phase-locked loops: settings that make a clock of an accelerator from an oscillator."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

from ..errors import PlanError
from .cell import Cell

__all__ = ["PLL", "MemoryClocks"]

_TOLERANCE = 1e-9  # of a comparison of frequencies, relative


@dataclass(frozen=True)
class MemoryClocks:
    """Further clocks of a PLL: that of a memory's controller, and that at the memory's own pin.

    Parameters
    ----------
    ratio : int
        Frequency of both by that of the accelerator, whose rising edges are some of the
        controller's.
    lead_ns : float
        Time by which the clock at the pin is ahead of the controller's.
    """

    ratio: int
    lead_ns: float


@dataclass(frozen=True)
class PLL(ABC):
    """Settings of a PLL; all frequencies in MHz.

    A family has a subclass of its own, whose further fields are the dividers.

    Parameters
    ----------
    input_mhz : float
        Frequency of the oscillator.
    memory : MemoryClocks, optional
        Further clocks.
    """

    title: ClassVar[str]
    """Name of the family, for messages."""

    on_pad: ClassVar[bool] = False
    """Whether the oscillator's pad leads to the PLL alone, and not into the device as well."""

    makes_memory_clocks: ClassVar[bool] = False
    """Whether there can be further clocks."""

    input_mhz: float
    memory: MemoryClocks | None = field(default=None, kw_only=True)

    @classmethod
    def for_frequency(
        cls, input_mhz: float, wanted_mhz: float, memory: MemoryClocks | None = None
    ) -> Self:
        """The settings with the highest output not above ``wanted_mhz``.

        Parameters
        ----------
        input_mhz : float
            Frequency of the oscillator.
        wanted_mhz : float
        memory : MemoryClocks, optional
            Further clocks.

        Raises
        ------
        PlanError
            If the PLL cannot come from the one to the other, or has no further clocks.
        """
        legal = cls._legal(input_mhz, memory)
        if not legal:
            raise PlanError(
                f"the PLL of {cls.title} takes no oscillator of {input_mhz:g} MHz; build for "
                f"{input_mhz:g} MHz, without the PLL"
            )
        low_enough = [pll for pll in legal if pll.output_mhz <= wanted_mhz * (1 + _TOLERANCE)]
        if not low_enough or wanted_mhz > max(pll.output_mhz for pll in legal) * (1 + _TOLERANCE):
            outputs = [pll.output_mhz for pll in legal]
            raise PlanError(
                f"the PLL of {cls.title} cannot make {wanted_mhz:g} MHz from {input_mhz:g} MHz; "
                f"choose {min(outputs):g} to {max(outputs):g} MHz"
            )
        return min(low_enough, key=lambda pll: (-round(pll.output_mhz, 6), pll.rank))

    @classmethod
    def frequencies(cls, input_mhz: float, memory: MemoryClocks | None = None) -> list[float]:
        """Frequencies that it can make from that of an oscillator, the highest first.

        Raises
        ------
        PlanError
            If it has no further clocks.
        """
        legal = cls._legal(input_mhz, memory)
        return sorted({round(pll.output_mhz, 6): pll.output_mhz for pll in legal}.values())[::-1]

    @classmethod
    def _legal(cls, input_mhz: float, memory: MemoryClocks | None) -> list[Self]:
        legal = [pll for pll in cls.candidates(input_mhz) if pll.legal]
        if memory is None:
            return legal
        if not cls.makes_memory_clocks:
            raise PlanError(f"the PLL of {cls.title} makes no clocks for a memory")
        return [pll for pll in (replace(each, memory=memory) for each in legal) if pll.legal]

    @classmethod
    @abstractmethod
    def candidates(cls, input_mhz: float) -> Iterable[Self]:
        """All settings of the dividers, legal or not."""

    @property
    @abstractmethod
    def output_mhz(self) -> float:
        """Frequency that comes out."""

    @property
    @abstractmethod
    def legal(self) -> bool:
        """Whether every frequency is within its limits."""

    @property
    @abstractmethod
    def rank(self) -> tuple[float, ...]:
        """Order among settings of equal output, the best first."""

    @property
    @abstractmethod
    def cell(self) -> Cell:
        """The cell with these settings.

        Its inputs have the roles ``"oscillator"`` (the pad itself if :attr:`on_pad`) and
        ``"clock"`` (where feedback comes from outside), its outputs ``"clock"`` and ``"locked"``;
        with :attr:`memory` also ``"memory"``, unless the ratio is 1, and ``"chip"``, at the pin.
        """
