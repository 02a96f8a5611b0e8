"""Controller of an SDRAM: bursts without a gap, wherever the banks take turns."""

from math import log2
from typing import NamedTuple

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from threefold.boards.sdram import SDRAM
from threefold.errors import PlanError

from .bursts import BURST, PIN_CYCLES, Access, burst_requests

__all__ = ["SDRAMController", "SDRAMPins"]

_RECOVERED = 2  # cycles from the last word of a burst to a precharge during the next
_REFRESHES = 8  # before the mode is set
_ALL = 1 << 10  # address bit 10: all banks are precharged
_CAS, _BURST_8 = 4, 0b011  # of the mode: place of the CAS latency, sequential bursts of 8


class SDRAMPins(wiring.Signature):
    """Pins of an SDRAM, without its clock, CKE and CS#, of which the last two are always active.

    Parameters
    ----------
    sdram : SDRAM

    Members
    -------
    ras, cas, we : Out(1)
        1 where a pin is active.
    dqm : Out(1)
        For all bytes; 1 until the mode is set.
    bank : Out(log2(banks))
    address : Out(log2(rows)), of 11 bits at least
    dq_o : Out(bits)
        Word to write.
    dq_oe : Out(1)
        Whether to drive it.
    dq_i : In(bits)
        Word on the pins.

    All of them pass a register beside the pins, one on the way out and one on the way in.
    """

    def __init__(self, sdram: SDRAM):
        super().__init__(
            {
                "ras": Out(1),
                "cas": Out(1),
                "we": Out(1),
                "dqm": Out(1, init=1),
                "bank": Out(int(log2(sdram.banks))),
                "address": Out(max(11, int(log2(sdram.rows)))),
                "dq_o": Out(sdram.bits),
                "dq_oe": Out(1),
                "dq_i": In(sdram.bits),
            }
        )


class _Commands(NamedTuple):
    """Commands, at most one of them in a cycle."""

    open: Signal
    read: Signal
    write: Signal
    close: Signal
    close_all: Signal
    refresh: Signal
    mode: Signal


class _Seen(NamedTuple):
    """What is known of a request, all of it registers.

    Attributes
    ----------
    there
        There is one.
    access
        There is one, no refresh, and an access or what has to precede it may begin.
    refresh, write
        What it is; a read if neither.
    open, same
        A row of its bank is open, and it is the one that is needed.
    other
        Its bank is another than that of the last burst.
    """

    there: Signal
    access: Signal
    refresh: Signal
    write: Signal
    open: Signal
    same: Signal
    other: Signal


class _Passed(NamedTuple):
    """Whether times have passed.

    Attributes
    ----------
    idle
        Any command may follow the refresh or the mode before.
    opened, held
        The row opened last may be accessed, and closed.
    closed
        What was closed last may be opened.
    recovered
        What was written last may be closed.
    free, turned
        The data pins are free for a burst in the same direction, and for a write after a read.
    due
        A refresh comes too late if it waits any longer.
    """

    idle: Signal
    opened: Signal
    held: Signal
    closed: Signal
    recovered: Signal
    free: Signal
    turned: Signal
    due: Signal


class _Step(enum.Enum, shape=3):
    """What the controller does."""

    POWER_UP = 0
    CLOSE = 1
    REFRESH = 2
    MODE = 3
    RUN = 4


class SDRAMController(wiring.Component):
    """Controller of an SDRAM, for requests in order.

    While a burst takes the data pins, the row of the next is opened in another bank. So bursts with
    consecutive numbers follow each other without a gap, if a row is closed and another opened
    within a burst. A request to refresh is obeyed in its place; where none comes in time, the
    controller refreshes unasked between two requests. Who asks often enough thus knows the cycle of
    each word. The rising edges of the SDRAM's clock are those of ``sync``.

    Parameters
    ----------
    sdram : SDRAM
    clock_mhz : float
        Frequency of ``sync``.

    Members
    -------
    hold : In(1)
        The clock is not steady. It waits as from power-up on, and then begins anew.
    i : In(burst_requests(sdram))
        What to read, write or refresh.
    o : Out(bits), o_valid : Out(1)
        Words read, in order; they do not wait.
    pins : Out(SDRAMPins(sdram))

    Raises
    ------
    PlanError
        If the clock is too fast for the SDRAM or too slow for its refreshes, or if tRRD is longer
        than tRCD and a cycle.
    """

    def __init__(self, sdram: SDRAM, *, clock_mhz: float):
        self._sdram = sdram
        self._cycles = cycles = sdram.cycles(clock_mhz)
        # The next request waits until the burst begins that a row was opened for.
        apart = cycles.activate_to_access + 1
        if cycles.activate_to_other > apart:
            raise PlanError(
                f"tRRD of {sdram.name} is {cycles.activate_to_other} cycles of {clock_mhz:g} MHz, "
                f"and rows are opened {apart} cycles apart; choose another SDRAM"
            )
        if cycles.refresh_within < BURST:
            raise PlanError(
                f"{sdram.name} needs a refresh every {cycles.refresh_interval} cycles of "
                f"{clock_mhz:g} MHz, which leaves no time for bursts; let its clock be faster"
            )
        super().__init__(
            {
                "hold": In(1),
                "i": In(burst_requests(sdram)),
                "o": Out(sdram.bits),
                "o_valid": Out(1),
                "pins": Out(SDRAMPins(sdram)),
            }
        )

    @property
    def sdram(self) -> SDRAM:
        """The SDRAM."""
        return self._sdram

    @property
    def refresh_within(self) -> int:
        """Cycles from a refresh to the next request for one, so that none comes unasked."""
        return self._cycles.refresh_within

    @property
    def latency(self) -> int:
        """Cycles from a read that is accepted to its first word."""
        return self._cycles.cas + PIN_CYCLES + 2

    def elaborate(self, platform):
        m = Module()
        sizes, burst = (self._sdram.columns // BURST, self._sdram.banks), self.i.payload.burst
        place, bank_bits = (int(log2(size)) for size in sizes)
        column = Cat(Const(0, int(log2(BURST))), burst[:place])
        bank, row = burst[place : place + bank_bits], burst[place + bank_bits :]

        now = _Commands(*(Signal(name=name) for name in _Commands._fields))
        passed, calm = self._waits(m, now)
        seen = self._look(m, now, bank, row)

        step, following = Signal(_Step), Signal(_Step)
        asked, stops, accesses = Signal(), Signal(), seen.access
        m.d.comb += [asked.eq(seen.there & seen.refresh), stops.eq(asked | passed.due)]
        ready = accesses & seen.open & seen.same & passed.opened & passed.free
        closes = accesses & seen.open & ~seen.same & (passed.free | seen.other)
        may_close = passed.held & passed.recovered
        # While another bank is written, what was written before has recovered.
        recovered = passed.recovered
        if self._cycles.write_recovery <= _RECOVERED:
            recovered |= seen.other
        m.d.comb += [
            now.read.eq(ready & ~seen.write),
            now.write.eq(ready & seen.write & passed.turned),
            now.open.eq(accesses & ~seen.open & passed.closed),
            now.close.eq(closes & passed.held & recovered),
            now.close_all.eq((step == _Step.CLOSE) & may_close & passed.free & passed.idle),
            now.refresh.eq((step == _Step.REFRESH) & passed.closed & passed.idle),
            now.mode.eq((step == _Step.MODE) & passed.idle),
        ]
        begun = self._follow(m, step, following, stops, now)
        # Known ahead of the cycle it is for, as commands are what all else waits for.
        accessed = self.i.payload.access != Access.REFRESH
        m.d.sync += seen.access.eq(
            self.i.valid & ~self.i.ready & accessed & calm & (following == _Step.RUN)
        )
        m.d.sync += self.pins.dqm.eq(~begun)
        m.d.comb += self.i.ready.eq(now.read | now.write | (now.refresh & begun & asked))
        self._command(m, now, bank, row, column)
        self._write(m, now.write, passed.free)
        self._read(m, now.read, passed.free)
        return m

    def _waits(self, m: Module, now: "_Commands") -> tuple["_Passed", Value]:
        """Whether times have passed, and whether no refresh or mode is in the next cycle's way."""
        cycles, accessed = self._cycles, now.read | now.write
        waits = {
            "idle": [(now.refresh, cycles.refresh), (now.mode, cycles.mode)],
            "opened": [(now.open, cycles.activate_to_access)],
            "held": [(now.open, cycles.open)],
            "closed": [(now.close | now.close_all, cycles.precharge)],
            "recovered": [(now.write, BURST - 1 + cycles.write_recovery)],
            "free": [(accessed, BURST)],
            "turned": [(now.read, BURST + cycles.cas + 1)],
            "due": [(now.refresh, cycles.refresh_within)],
        }
        found = {name: _passed(m, name, since) for name, since in waits.items()}
        (_, idle), (_, due) = found["idle"], found["due"]
        return _Passed(**{name: passed for name, (passed, _) in found.items()}), idle & ~due

    def _look(self, m: Module, now: "_Commands", bank: Value, row: Value) -> "_Seen":
        """What is known of a request, from the cycle on behind that in which it comes."""
        rows = Array(Signal(len(row), name=f"row_{n}") for n in range(self._sdram.banks))
        is_open = Signal(self._sdram.banks)
        with m.If(now.open):
            m.d.sync += [rows[bank].eq(row), is_open.bit_select(bank, 1).eq(1)]
        with m.If(now.close):
            m.d.sync += is_open.bit_select(bank, 1).eq(0)
        with m.If(now.close_all):
            m.d.sync += is_open.eq(0)
        last_bank = Signal.like(bank)
        with m.If(now.read | now.write):
            m.d.sync += last_bank.eq(bank)

        seen, access = _Seen(*(Signal(name=name) for name in _Seen._fields)), self.i.payload.access
        m.d.sync += [
            seen.there.eq(self.i.valid & ~self.i.ready),
            seen.refresh.eq(access == Access.REFRESH),
            seen.write.eq(access == Access.WRITE),
            seen.open.eq(is_open.bit_select(bank, 1)),
            seen.same.eq(rows[bank] == row),
            seen.other.eq(bank != last_bank),
        ]
        with m.If(now.open):
            m.d.sync += [seen.open.eq(1), seen.same.eq(1)]
        with m.If(now.close | now.close_all):
            m.d.sync += seen.open.eq(0)
        return seen

    def _command(self, m: Module, now: "_Commands", bank: Value, row: Value, column: Value) -> None:
        """The pins of a command, a cycle later."""
        address = Signal.like(self.pins.address)
        m.d.comb += address.eq(row)
        with m.If(now.read | now.write):
            m.d.comb += address.eq(column)
        with m.If(now.close):
            m.d.comb += address.eq(0)
        with m.If(now.close_all):
            m.d.comb += address.eq(_ALL)
        with m.If(now.mode):
            m.d.comb += address.eq(self._cycles.cas << _CAS | _BURST_8)
        closes = now.close | now.close_all
        m.d.sync += [
            self.pins.bank.eq(Mux(now.mode, 0, bank)),
            self.pins.address.eq(address),
            self.pins.ras.eq(now.open | closes | now.refresh | now.mode),
            self.pins.cas.eq(now.read | now.write | now.refresh | now.mode),
            self.pins.we.eq(now.write | closes | now.mode),
        ]

    def _follow(
        self, m: Module, step: Signal, following: Signal, stops: Value, now: "_Commands"
    ) -> Value:
        """The steps, one after another; whether the mode is set."""
        m.d.comb += following.eq(step)
        m.d.sync += step.eq(following)
        wait = Signal(range(self._cycles.power_up + 1), init=self._cycles.power_up)
        left, begun = Signal(range(_REFRESHES), init=_REFRESHES - 1), Signal()
        with m.Switch(step):
            with m.Case(_Step.POWER_UP):
                m.d.sync += wait.eq(wait - 1)
                with m.If(wait == 0):
                    m.d.comb += following.eq(_Step.CLOSE)
            with m.Case(_Step.CLOSE), m.If(now.close_all):
                m.d.comb += following.eq(_Step.REFRESH)
            with m.Case(_Step.REFRESH), m.If(now.refresh):
                m.d.sync += left.eq(left - (left != 0))
                with m.If(begun):
                    m.d.comb += following.eq(_Step.RUN)
                with m.Elif(left == 0):
                    m.d.comb += following.eq(_Step.MODE)
            with m.Case(_Step.MODE), m.If(now.mode):
                m.d.comb += following.eq(_Step.RUN)
                m.d.sync += begun.eq(1)
            with m.Case(_Step.RUN), m.If(stops):
                m.d.comb += following.eq(_Step.CLOSE)
        with m.If(self.hold):
            m.d.sync += step.eq(_Step.POWER_UP)
            m.d.sync += [each.eq(each.init) for each in (wait, left, begun)]
        return begun

    def _write(self, m: Module, writes: Value, free: Value) -> None:
        """Words to the pins, the first of them together with the command."""
        rest = Signal(self._sdram.bits * (BURST - 1), reset_less=True)
        now, goes_on = _burst(m, "writing", writes, free)
        # Nobody sees them where nothing is written, so that they need not wait for that.
        words = Mux(goes_on, rest, Value.cast(self.i.payload.words))
        m.d.sync += [Cat(self.pins.dq_o, rest).eq(words), self.pins.dq_oe.eq(now)]

    def _read(self, m: Module, reads: Value, free: Value) -> None:
        """Words from the pins, for as long as a burst lasts."""
        expected = Signal(self._cycles.cas + PIN_CYCLES + 1)
        now, _ = _burst(m, "reading", reads, free)
        m.d.sync += [
            expected.eq(Cat(now, expected)),
            self.o.eq(self.pins.dq_i),
            self.o_valid.eq(expected[-1]),
        ]


def _burst(m: Module, name: str, begins: Value, free: Value) -> tuple[Value, Value]:
    """Whether a burst of one direction is under way, from its command to its last word.

    And whether it is one that began before.
    """
    lasts = Signal(name=name)
    goes_on = lasts & ~free
    now = begins | goes_on
    m.d.sync += lasts.eq(now)
    return now, goes_on


def _passed(m: Module, name: str, waits: list[tuple[Value, int]]) -> tuple[Signal, Signal]:
    """Whether it is as many cycles as told since each of some commands, if there was one.

    And whether it will be so in the next cycle.
    """
    left = Signal(range(max(cycles for _, cycles in waits)), name=f"{name}_left")
    passed, following = Signal(name=name, init=1), Signal(name=f"{name}_next")
    m.d.comb += following.eq(passed | (left == 1))
    m.d.sync += passed.eq(following)
    with m.If(~passed):
        m.d.sync += left.eq(left - 1)
    for command, cycles in waits:
        with m.If(command):
            m.d.comb += following.eq(cycles == 1)
            m.d.sync += left.eq(cycles - 1)
    return passed, following
