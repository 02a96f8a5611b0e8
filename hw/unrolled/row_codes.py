"""Row code: the code of a row's value, by thresholds that are constants."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.unrolled.thresholds import LINE_LATENCY, Line

from ..register import registered
from .row_logits import low_zeros

__all__ = ["RowCode"]


class RowCode(wiring.Component):
    """Code of a value, the number of thresholds that it reaches.

    Thresholds on a line take the sum with a constant, of which the code is the upper bits, clipped.
    Others take a comparison for each bit of the code; the constant of all but the first depends on
    the bits that are known.

    Parameters
    ----------
    thresholds : sequence of int
        Ascending.
    line : Line or None
        The same thresholds as a line, if they are on one.
    largest : int
        Largest value.
    latency : int
        Cycles from a value to its code: with a line at least 2, else at least those of the bits of
        a code.

    Members
    -------
    i : In(bits)
        Value, from 0 to ``largest``.
    o : Out(code bits)
    """

    def __init__(self, thresholds: Sequence[int], *, line: Line | None, largest: int, latency: int):
        self._thresholds = tuple(map(int, thresholds))
        self._line = line
        self._largest = largest
        self._latency = latency
        self._bits = len(self._thresholds).bit_length()
        super().__init__({"i": In(max(1, largest.bit_length())), "o": Out(self._bits)})

    @property
    def thresholds(self) -> tuple[int, ...]:
        return self._thresholds

    @property
    def line(self) -> Line | None:
        return self._line

    @property
    def largest(self) -> int:
        return self._largest

    @property
    def latency(self) -> int:
        return self._latency

    def elaborate(self, platform):
        m = Module()
        if self._line is None:
            code, cycles = self._searched(m), self._bits
        else:
            code, cycles = self._on_line(m, self._line), LINE_LATENCY
        for cycle in range(cycles, self._latency):
            code = registered(m, f"code_{cycle}", code)
        m.d.comb += self.o.eq(code)
        return m

    def _on_line(self, m: Module, line: Line) -> Value:
        passing = low_zeros(line.offset, line.shift)
        least, largest = line.offset >> line.shift, (self._largest + line.offset) >> line.shift
        total = (self.i >> passing) + (line.offset >> passing)
        width = max(least.bit_length(), largest.bit_length(), self._bits) + 1
        steps = Signal(signed(width), reset_less=True)
        m.d.sync += steps.eq(total >> (line.shift - passing))
        code = steps[: self._bits]
        if largest >= 2**self._bits:
            code = code | steps[self._bits : -1].any().replicate(self._bits)
        if least < 0:
            code = code & ~steps[-1].replicate(self._bits)
        return registered(m, "clipped", code)

    def _searched(self, m: Module) -> Value:
        """A bit of the code a cycle, the highest first."""
        never = self._largest + 1
        points = [min(max(point, 0), never) for point in self._thresholds]
        points += [never] * (2**self._bits - 1 - len(points))
        value, known = Value.cast(self.i), Const(0, 0)
        for bit in reversed(range(self._bits)):
            step = points[(1 << bit) - 1 :: 2 << bit]
            reached = value >= _chosen(step, known)
            known = registered(m, f"known_{bit}", Cat(reached, known))
            if bit:
                value = registered(m, f"value_{bit}", value)
        return known


def _chosen(constants: Sequence[int], index: Value) -> Value:
    """The constant of an index, the lowest bit of which chooses last."""
    if len(constants) == 1:
        return Const(constants[0])
    half = len(constants) // 2
    below, above = (_chosen(each, index[:-1]) for each in (constants[:half], constants[half:]))
    return Mux(index[-1], above, below)
