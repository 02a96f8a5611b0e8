"""Flash reader: bytes of a SPI flash from some address on, once after the start."""

from math import ceil
from typing import Self

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import enum, stream, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError

__all__ = ["FlashReader"]

_RELEASE, _READ = 0xAB, 0x03  # commands
_ADDRESS_BITS = 24
_RELEASE_US = 50  # more than any flash takes to leave its power-down
_MOST_MHZ = 20  # that the slowest flash reads at, by this command


class _Step(enum.IntEnum, shape=3):
    """Step of reading a flash."""

    BEGIN = 0
    RELEASE = 1
    REST = 2
    ASK = 3
    READ = 4
    DONE = 5


class FlashReader(wiring.Component):
    """Reader of a SPI flash in mode 0, by command 0x03 after a release from power-down, 0xAB.

    The clock of the flash stops while a byte waits, and reading ends with ``stop``.

    Parameters
    ----------
    offset : int
        Address of the first byte, below 2²⁴.
    half : int
        Clock cycles of half a period of the flash's clock.
    rest : int
        Clock cycles that the flash takes to leave its power-down.

    Members
    -------
    o : Out(stream.Signature(8))
        Bytes of the flash.
    stop : In(1)
        Ends reading, in any cycle in which it is high.
    busy : Out(1)
        From the start until reading has ended.
    cs : Out(1)
        Whether the flash is selected; the pin is low then.
    clk, copi : Out(1)
        Clock and data for the flash.
    cipo : In(1)
        Data of the flash, which it changes with the falling edge of its clock.

    Raises
    ------
    PlanError
        If a parameter is out of range.
    """

    def __init__(self, offset: int, *, half: int, rest: int):
        if not 0 <= offset < 1 << _ADDRESS_BITS:
            highest = (1 << _ADDRESS_BITS) - 1
            raise PlanError(f"a flash is read from 0 to {highest:#x}, not {offset:#x}")
        for cycles in (half, rest):
            if cycles < 1:
                raise PlanError(f"a flash takes 1 cycle or more, not {cycles}")
        self._offset = offset
        self._half = half
        self._rest = rest
        super().__init__(
            {
                "o": Out(stream.Signature(8)),
                "stop": In(1),
                "busy": Out(1),
                "cs": Out(1),
                "clk": Out(1),
                "copi": Out(1),
                "cipo": In(1),
            }
        )

    @classmethod
    def at(cls, offset: int, *, clock_mhz: float) -> Self:
        """The reader for a clock in MHz, slow enough for any flash.

        Raises
        ------
        PlanError
            If the offset is out of range.
        """
        return cls(
            offset, half=ceil(clock_mhz / (2 * _MOST_MHZ)), rest=ceil(_RELEASE_US * clock_mhz)
        )

    @property
    def offset(self) -> int:
        """Address of the first byte."""
        return self._offset

    @property
    def half(self) -> int:
        """Clock cycles of half a period of the flash's clock."""
        return self._half

    @property
    def rest(self) -> int:
        """Clock cycles that the flash takes to leave its power-down."""
        return self._rest

    def elaborate(self, platform):
        m = Module()

        step, count = Signal(_Step), Signal(range(max(self._rest, 8 + _ADDRESS_BITS)))
        runs, edge, falls, ends = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            self.busy.eq(step != _Step.DONE),
            runs.eq(self.cs & ~self.o.valid),
            falls.eq(edge & self.clk),
        ]
        self._divide(m, runs, edge)
        with m.If(edge):
            m.d.sync += self.clk.eq(~self.clk)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)

        asked = _bits(_READ, 8) + _bits(self._offset, _ADDRESS_BITS)
        places = {_Step.RELEASE: 8, _Step.REST: self._rest, _Step.ASK: len(asked), _Step.READ: 8}
        last = Signal()
        with m.Switch(step):
            for at, length in places.items():
                with m.Case(at):
                    m.d.comb += last.eq(count == length - 1)
        bit = Mux(
            step == _Step.RELEASE,
            Cat(_bits(_RELEASE, 8)).bit_select(count[:3], 1),
            Cat(asked).bit_select(count[:5], 1),
        )
        m.d.comb += self.copi.eq(bit)
        on = Signal()
        m.d.comb += [on.eq(falls | (step == _Step.REST)), ends.eq(on & last)]
        with m.If(on):
            m.d.sync += count.eq(Mux(last, 0, count + 1))
        with m.Switch(step):
            with m.Case(_Step.BEGIN):
                m.d.sync += [step.eq(_Step.RELEASE), self.cs.eq(1)]
            with m.Case(_Step.RELEASE), m.If(ends):
                m.d.sync += [step.eq(_Step.REST), self.cs.eq(0)]
            with m.Case(_Step.REST), m.If(ends):
                m.d.sync += [step.eq(_Step.ASK), self.cs.eq(1)]
            with m.Case(_Step.ASK), m.If(ends):
                m.d.sync += step.eq(_Step.READ)
            with m.Case(_Step.READ), m.If(falls):
                m.d.sync += self.o.payload.eq(Cat(self.cipo, self.o.payload))
                m.d.sync += self.o.valid.eq(last)
        self._stop(m, step)

        return m

    def _divide(self, m: Module, runs: Signal, edge: Signal):
        """The edges of the flash's clock."""
        if self._half == 1:
            m.d.comb += edge.eq(runs)
            return
        timer = Signal(range(self._half))
        m.d.comb += edge.eq(runs & (timer == self._half - 1))
        with m.If(runs):
            m.d.sync += timer.eq(Mux(edge, 0, timer + 1))

    def _stop(self, m: Module, step: Signal):
        """The end of reading, once no byte waits."""
        stops = Signal()
        m.d.sync += stops.eq(stops | self.stop)
        with m.If((stops | self.stop) & ~self.o.valid):
            m.d.sync += [step.eq(_Step.DONE), self.cs.eq(0), self.clk.eq(0), self.o.valid.eq(0)]


def _bits(value: int, width: int) -> list[Const]:
    """Bits of a value, the highest first."""
    return [Const(value >> place & 1) for place in reversed(range(width))]
