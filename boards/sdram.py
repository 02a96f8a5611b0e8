"""SDRAM of a board: geometry, and the times of its data sheet."""

from dataclasses import dataclass
from math import ceil, floor
from typing import NamedTuple

from threefold.errors import PlanError

__all__ = ["AS4C16M16SA_7", "SDRAM", "SDRAMCycles"]

_BURST = 8  # columns that are accessed together
_COLUMNS = 1 << 10  # since the address bit above them is a part of commands
_SLACK = 1e-9  # of a quotient of times, which binary fractions make a little too large


class SDRAMCycles(NamedTuple):
    """Times of an SDRAM in cycles of its clock, each at least what the data sheet demands.

    Attributes
    ----------
    cas : int
        From a read command to its first word.
    activate_to_access : int
        tRCD.
    activate_to_precharge : int
        tRAS.
    activate_to_activate : int
        tRC, of one bank.
    activate_to_other : int
        tRRD, of two banks.
    precharge : int
        tRP.
    write_recovery : int
        tWR, from the last word written to a precharge.
    mode : int
        tMRD.
    refresh : int
        tRFC.
    refresh_interval : int
        tREFI, at most.
    power_up : int
        From stable power and clock to the first command.
    """

    cas: int
    activate_to_access: int
    activate_to_precharge: int
    activate_to_activate: int
    activate_to_other: int
    precharge: int
    write_recovery: int
    mode: int
    refresh: int
    refresh_interval: int
    power_up: int

    @property
    def open(self) -> int:
        """Cycles that a row is open at least, so that it is opened again no sooner than it may."""
        return max(self.activate_to_precharge, self.activate_to_activate - self.precharge)

    @property
    def refresh_within(self) -> int:
        """Cycles from a refresh to the next that is asked for, at most.

        What may be ahead of it then are a row opened just now, and bursts.
        """
        ahead = self.open + 2 * _BURST + self.write_recovery + self.precharge
        return self.refresh_interval - ahead


@dataclass(frozen=True)
class SDRAM:
    """Single-data-rate SDRAM; times are in nanoseconds unless they say otherwise.

    Parameters
    ----------
    name : str
        Part and speed grade.
    bits : int
        Width of a word.
    banks, rows, columns : int
        Powers of two. A row is that of one bank, and a column a word of it.
    period_ns : float
        Least period of the clock at a CAS latency of 3.
    t_rcd, t_ras, t_rc, t_rrd, t_rp, t_wr, t_mrd, t_rfc : float
        Least times between commands, by the names that data sheets have for them.
    most_ras : float
        Longest time that a row may be open.
    refresh_ms : float
        Time in which every row has to be refreshed, in milliseconds.
    power_up_us : float
        Time before the first command, in microseconds.

    Raises
    ------
    PlanError
        If banks, rows or columns are not powers of two, or the columns not 8 to 1,024.
    """

    name: str
    bits: int
    banks: int
    rows: int
    columns: int
    period_ns: float
    t_rcd: float
    t_ras: float
    t_rc: float
    t_rrd: float
    t_rp: float
    t_wr: float
    t_mrd: float
    t_rfc: float
    most_ras: float
    refresh_ms: float
    power_up_us: float

    def __post_init__(self):
        for what in ("banks", "rows", "columns"):
            count = getattr(self, what)
            least = _BURST if what == "columns" else 2
            if count < least or count & (count - 1):
                raise PlanError(
                    f"{what} of {self.name} must be a power of two from {least} on, not {count}"
                )
        if self.columns > _COLUMNS:
            raise PlanError(
                f"{self.name} may have {_COLUMNS:,} columns at most, not {self.columns:,}"
            )

    @property
    def words(self) -> int:
        """Words that it holds."""
        return self.banks * self.rows * self.columns

    @property
    def refresh_interval_ns(self) -> float:
        """tREFI: mean time between two refresh commands."""
        return self.refresh_ms * 1e6 / self.rows

    def cycles(self, clock_mhz: float) -> SDRAMCycles:
        """Times in cycles of a clock.

        Parameters
        ----------
        clock_mhz : float
            Frequency of its clock, in MHz.

        Raises
        ------
        PlanError
            If the clock is too fast for it, or is none.
        """
        if clock_mhz <= 0:
            raise PlanError(f"the clock of {self.name} must be above 0 MHz, not {clock_mhz:g} MHz")
        if clock_mhz * self.period_ns > 1000 + _SLACK:
            raise PlanError(
                f"{self.name} takes a clock of {1000 / self.period_ns:.1f} MHz at most, "
                f"not {clock_mhz:g} MHz"
            )

        def least(time_ns: float) -> int:
            return ceil(time_ns * clock_mhz / 1000 - _SLACK)

        return SDRAMCycles(
            cas=3,
            activate_to_access=least(self.t_rcd),
            activate_to_precharge=least(self.t_ras),
            activate_to_activate=least(self.t_rc),
            activate_to_other=least(self.t_rrd),
            precharge=least(self.t_rp),
            write_recovery=least(self.t_wr),
            mode=least(self.t_mrd),
            refresh=least(self.t_rfc),
            refresh_interval=floor(self.refresh_interval_ns * clock_mhz / 1000 + _SLACK),
            power_up=least(self.power_up_us * 1000),
        )


AS4C16M16SA_7 = SDRAM(
    "AS4C16M16SA-7",
    bits=16,
    banks=4,
    rows=8192,
    columns=512,
    period_ns=7,
    t_rcd=21,
    t_ras=42,
    t_rc=63,
    t_rrd=14,
    t_rp=21,
    t_wr=14,
    t_mrd=14,
    t_rfc=63,
    most_ras=120_000,
    refresh_ms=64,
    power_up_us=200,
)
"""32 MiB; times of its data sheet, revision 3.0 of 2015."""
