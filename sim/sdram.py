"""SDRAM: a model of the chip that holds a controller to its data sheet."""

from collections import deque
from enum import Enum
from typing import NamedTuple

import numpy as np

from threefold.boards.sdram import SDRAM

__all__ = ["Command", "Pins", "SDRAMChip"]

_BURST = 8
_REFRESHES = 8  # after power-up, before the mode is set
_POSTPONED = 8  # refreshes that may be late at any time
_NEVER = -1e12
_ROUNDING = 1e-6  # ns
_UNWRITTEN = 0xDEAD
_ALL = 1 << 10  # address bit 10: all banks are precharged
_MODE_MASK = 0b10_1111_1111  # burst length, type, CAS latency, single writes
_BURST_8, _CAS = 0b011, 4  # sequential bursts of 8, and the place of the CAS latency


class Command(Enum):
    """Command by the levels of RAS, CAS and WE, 1 where a pin is active."""

    NONE = (0, 0, 0)
    ACTIVATE = (1, 0, 0)
    READ = (0, 1, 0)
    WRITE = (0, 1, 1)
    PRECHARGE = (1, 0, 1)
    REFRESH = (1, 1, 0)
    MODE = (1, 1, 1)
    STOP = (0, 0, 1)


class Pins(NamedTuple):
    """Levels that a controller drives at an edge of the clock.

    Attributes
    ----------
    ras, cas, we : int
        1 where a pin is active.
    dqm : int
        1 where all bytes are masked.
    bank, address : int
    data : int
        Word on the data pins.
    drives : int
        1 if the controller drives the data pins.
    """

    ras: int
    cas: int
    we: int
    dqm: int
    bank: int
    address: int
    data: int
    drives: int


class SDRAMChip:
    """SDRAM whose clock is always enabled and which is always selected.

    What a controller does against the data sheet is kept in :attr:`faults`, each as a line; the
    chip then goes on as well as it can. Bursts have 8 words; those that are cut short and
    precharges that follow of themselves are faults, since no controller here asks for them.

    Parameters
    ----------
    sdram : SDRAM
        Geometry and times.
    clock_mhz : float
        Frequency of its clock.

    Attributes
    ----------
    content : array of uint16, or uint32 for wider words, shape (banks, rows, columns)
        Words.
    faults : list of str
        Each with the time of its edge.
    refreshes : int
        Refresh commands since the mode was set.
    """

    def __init__(self, sdram: SDRAM, *, clock_mhz: float):
        self._sdram = sdram
        self._period = 1000 / clock_mhz
        shape = sdram.banks, sdram.rows, sdram.columns
        self.content = np.full(shape, _UNWRITTEN, np.uint16 if sdram.bits <= 16 else np.uint32)
        self.faults: list[str] = []
        self.refreshes = 0
        self._edges = 0
        self._cas = 0  # unknown until the mode is set
        self._credited = 0.0  # refreshes, of which few are kept for later
        self._before_mode = 0  # refreshes
        self._precharged = False
        self._rows: list[int | None] = [None] * sdram.banks
        self._activated, self._closed, self._written, self._last_read = (
            [_NEVER] * sdram.banks for _ in range(4)
        )
        self._refreshed = self._mode_set = _NEVER
        self._overdue: set[int] = set()  # banks that are open for too long
        self._outgoing: deque[tuple[int, int]] = deque()  # edge and word
        self._last_word = -_BURST  # edge of the latest word that was read
        self._incoming: tuple[int, int, int, int] | None = None  # bank, row, column, words left
        self._accessed = -_BURST  # edge of the last read or write
        if self._period < sdram.period_ns - _ROUNDING:
            self._fault(f"a period of {self._period:.2f} ns, not {sdram.period_ns} or more")

    @property
    def ns(self) -> float:
        """Time of the latest edge, in nanoseconds."""
        return self._edges * self._period

    def rest(self, edges: int) -> None:
        """So many edges at which a controller drives no pin, and the chip has nothing to drive."""
        self._edges += edges

    def edge(self, pins: Pins) -> int | None:
        """A rising edge of the clock.

        Parameters
        ----------
        pins : Pins
            Levels at the edge.

        Returns
        -------
        int or None
            Word on the data pins until the next edge; None if the chip does not drive them.
        """
        self._edges += 1
        while self._outgoing and self._outgoing[0][0] <= self._edges:
            self._last_word, _ = self._outgoing.popleft()
        # The chip lets the pins go within a cycle of the edge of its last word.
        if pins.drives and self._edges <= self._last_word + 1:
            self._fault("both sides drive the data pins")
        command = Command(pins[:3])
        if command is not Command.NONE:
            self._obey(command, pins)
        self._store(pins)
        self._count_refreshes()
        self._watch_rows()
        if self._outgoing and self._outgoing[0][0] == self._edges + 1:
            return self._outgoing[0][1]
        return None

    def _obey(self, command: Command, pins: Pins) -> None:
        if self.ns < self._sdram.power_up_us * 1000:
            self._fault(f"{command.name} before the power has been up for long enough")
        self._require("tMRD", self.ns - self._mode_set, self._sdram.t_mrd)
        self._require("tRFC", self.ns - self._refreshed, self._sdram.t_rfc)
        allowed = command in (Command.PRECHARGE, Command.REFRESH, Command.MODE)
        if not self._cas and not pins.dqm:
            self._fault(f"{command.name} before the mode is set, while DQM is low")
        if not allowed and not self._cas:
            self._fault(f"{command.name} before the mode is set")
        match command:
            case Command.ACTIVATE:
                self._activate(pins.bank, pins.address)
            case Command.READ | Command.WRITE:
                self._access(command, pins)
            case Command.PRECHARGE:
                all_banks = pins.address & _ALL
                for bank in range(self._sdram.banks) if all_banks else (pins.bank,):
                    self._precharge(bank)
                self._precharged |= bool(all_banks)
            case Command.REFRESH:
                self._require_idle(command)
                self._require("tRC", self.ns - max(self._activated), self._sdram.t_rc)
                self._refreshed = self.ns
                self.refreshes += bool(self._cas)
                self._credited += bool(self._cas)
                self._before_mode += 1
            case Command.MODE:
                self._set_mode(pins.address)
            case Command.STOP:
                self._fault("a burst is stopped")

    def _activate(self, bank: int, row: int) -> None:
        if self._rows[bank] is not None:
            self._fault(f"bank {bank} is open already")
        self._require("tRP", self.ns - self._closed[bank], self._sdram.t_rp)
        self._require("tRC", self.ns - self._activated[bank], self._sdram.t_rc)
        self._require("tRRD", self.ns - max(self._activated), self._sdram.t_rrd)
        if row >= self._sdram.rows:
            self._fault(f"row {row} of {self._sdram.rows}")
        self._rows[bank] = row % self._sdram.rows
        self._activated[bank] = self.ns

    def _access(self, command: Command, pins: Pins) -> None:
        row, column = self._rows[pins.bank], pins.address % self._sdram.columns
        if row is None:
            self._fault(f"{command.name} of bank {pins.bank}, which is closed")
            return
        self._require("tRCD", self.ns - self._activated[pins.bank], self._sdram.t_rcd)
        if self._edges - self._accessed < _BURST:
            self._fault("a burst is cut short")
        if pins.address & _ALL:
            self._fault("a precharge that follows of itself")
        if pins.dqm:
            self._fault("words of a burst are masked")
        self._accessed = self._edges
        if command is Command.WRITE:
            if self._outgoing:
                self._fault("a write while words are read")
            self._incoming = pins.bank, row, column, _BURST
            return
        self._last_read[pins.bank] = self.ns
        first = column - column % _BURST
        for place in range(_BURST):
            word = self.content[pins.bank, row, first + (column + place) % _BURST]
            self._outgoing.append((self._edges + self._cas + place, int(word)))

    def _store(self, pins: Pins) -> None:
        """Take a word of a write."""
        if self._incoming is None:
            if pins.drives:
                self._fault("the data pins are driven without a write")
            return
        bank, row, column, left = self._incoming
        if not pins.drives:
            self._fault("nothing drives the data pins during a write")
        first = column - column % _BURST
        self.content[bank, row, first + (column + _BURST - left) % _BURST] = pins.data
        self._written[bank] = self.ns
        self._incoming = (bank, row, column, left - 1) if left > 1 else None

    def _precharge(self, bank: int) -> None:
        if self._incoming is not None and self._incoming[0] == bank:
            self._fault("a precharge cuts a write short")
        if self.ns - self._last_read[bank] < _BURST * self._period - _ROUNDING:
            self._fault("a precharge cuts a read short")
        if self._rows[bank] is not None:
            open_ns = self.ns - self._activated[bank]
            self._require("tRAS", open_ns, self._sdram.t_ras)
            self._require("tWR", self.ns - self._written[bank], self._sdram.t_wr)
        self._rows[bank] = None
        self._overdue.discard(bank)
        self._closed[bank] = self.ns

    def _set_mode(self, address: int) -> None:
        self._require_idle(Command.MODE)
        if not self._precharged:
            self._fault("the mode is set before all banks were precharged")
        if self._before_mode < _REFRESHES:
            self._fault(f"{self._before_mode} refreshes before the mode is set, not {_REFRESHES}")
        self._cas = address >> _CAS & 0b111
        if address & _MODE_MASK != self._cas << _CAS | _BURST_8 or self._cas != 3:
            self._fault(f"mode {address:#05x}, not bursts of 8 with a CAS latency of 3")
        self._mode_set = self.ns

    def _require_idle(self, command: Command) -> None:
        for bank, row in enumerate(self._rows):
            if row is not None:
                self._fault(f"{command.name} while bank {bank} is open")
        self._require("tRP", self.ns - max(self._closed), self._sdram.t_rp)

    def _count_refreshes(self) -> None:
        if not self._cas:
            return
        due = (self.ns - self._mode_set) / self._sdram.refresh_interval_ns
        # More of them in advance are of no use: every row has its own.
        self._credited = min(self._credited, due + _POSTPONED)
        if due - self._credited > _POSTPONED:
            self._fault(f"refreshes are {due - self._credited:.1f} intervals late")
            self._credited = due  # tell it once

    def _watch_rows(self) -> None:
        for bank, row in enumerate(self._rows):
            open_ns = self.ns - self._activated[bank]
            if row is not None and open_ns > self._sdram.most_ras and bank not in self._overdue:
                self._overdue.add(bank)
                self._fault(f"a row is open for {open_ns:,.0f} ns")

    def _require(self, name: str, found: float, least: float) -> None:
        if found < least - _ROUNDING:
            self._fault(f"{name} of {found:.1f} ns, not {least:g} or more")

    def _fault(self, what: str) -> None:
        self.faults.append(f"at {self.ns:,.0f} ns: {what}")
