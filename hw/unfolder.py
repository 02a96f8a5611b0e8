"""Unfolder: the patches of a map, whole, from the stream of its pixels."""

from dataclasses import dataclass
from itertools import pairwise

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.unfolding import Axis, Unfolding

from .ram import Ram
from .stream import lane_stream

__all__ = ["Unfolder"]


class Unfolder(wiring.Component):
    """Shift register of the columns of a patch, fed with a pixel at a time.

    Where a patch has several rows, a memory in front of it holds those above the pixel. Padding
    before the map is in the registers from the first step on; for padding behind it there are
    steps that take no pixel.

    Parameters
    ----------
    bits : int
        Width of a code.
    unfolding : Unfolding
    pad_code : int
        What padding reads as.

    Members
    -------
    i : In(lane_stream(bits, channels))
        Maps, pixel by pixel.
    o : Out(lane_stream(bits, codes of a patch))
        Patches, their codes in the order row, column, channel; each is there from the cycle after
        its last pixel on.
    """

    def __init__(self, *, bits: int, unfolding: Unfolding, pad_code: int):
        self._bits = bits
        self._unfolding = unfolding
        self._pad_code = pad_code
        super().__init__(
            {
                "i": In(lane_stream(bits, unfolding.window.shape[2])),
                "o": Out(lane_stream(bits, unfolding.codes)),
            }
        )

    @property
    def bits(self) -> int:
        return self._bits

    @property
    def unfolding(self) -> Unfolding:
        return self._unfolding

    @property
    def pad_code(self) -> int:
        return self._pad_code

    def elaborate(self, platform):
        m = Module()

        (rows, columns), patch = self._unfolding.axes, self._unfolding.patch
        (height, width), (top, left, _, _) = patch.kernel, patch.padding
        pixel = len(self.i.payload.as_value())
        step, free, inside = Signal(), Signal(), Signal()
        x = _count(m, "column", columns, step)
        y = _count(m, "row", rows, step & x.last) if height > 1 else _ONE
        m.d.comb += [
            free.eq(~self.o.valid | self.o.ready),
            inside.eq(x.inside & y.inside),
            step.eq(free & (self.i.valid | ~inside)),
            self.i.ready.eq(free & inside),
        ]
        with m.If(free):
            m.d.sync += self.o.valid.eq(step & x.gives & y.gives)

        # From the row furthest above to that of the pixel.
        column = Mux(inside, self.i.payload.as_value(), self._padding(pixel))
        if height > 1:
            beyond = ~x.inside | y.starts if top else ~x.inside
            above = Signal((height - 1) * pixel)
            column = Cat(Mux(beyond, self._padding(len(above)), above), column)
            self._hold(m, above, column[pixel:], x, columns, step)
        held = [Signal(height * pixel, reset_less=True, name=f"held_{n}") for n in range(width)]
        with m.If(step):
            m.d.sync += held[-1].eq(column)
            for register, behind in pairwise(held):
                pad = self._padding(len(register))
                m.d.sync += register.eq(Mux(x.starts, pad, behind) if left else behind)
        m.d.comb += self.o.payload.as_value().eq(
            Cat(each.word_select(row, pixel) for row in range(height) for each in held)
        )

        return m

    def _padding(self, width: int) -> Value:
        return Const(self._pad_code, self._bits).replicate(width // self._bits)

    def _hold(self, m: Module, above: Signal, column: Value, x: "_Place", axis: Axis, step: Signal):
        """Keep the rows that the next one has above it; ``above`` are those of this column."""
        if axis.steps == 1:
            with m.If(step):
                m.d.sync += above.eq(column)
            return
        m.submodules.rows = rows = Ram(len(above), axis.size)
        m.d.comb += [
            rows.write.en.eq(step & x.inside),
            rows.write.addr.eq(x.index),
            rows.write.data.eq(column),
            rows.read.en.eq(step),
            rows.read.addr.eq(x.following),
            above.eq(rows.read.data),
        ]


@dataclass(frozen=True)
class _Place:
    """A step along an axis, the one that follows, and what the step is."""

    index: Value
    following: Value
    starts: Value
    last: Value
    inside: Value
    gives: Value


_ONE = _Place(Const(0, 1), Const(0, 1), Const(1), Const(1), Const(1), Const(1))


def _count(m: Module, name: str, axis: Axis, step: Value) -> _Place:
    """Run through the steps of an axis, again and again."""
    index = Signal(range(axis.steps), name=name)
    last, following = Signal(name=f"{name}_last"), Signal.like(index, name=f"{name}_next")
    gives: Value = Const(1)
    m.d.comb += [last.eq(index == axis.steps - 1), following.eq(Mux(last, 0, index + 1))]
    with m.If(step):
        m.d.sync += index.eq(following)
    if axis.stride > 1:
        start = -axis.first % axis.stride
        phase = Signal(range(axis.stride), init=start, name=f"{name}_phase")
        turn = Mux(phase == axis.stride - 1, 0, phase + 1)
        gives = phase == 0
        with m.If(step):
            m.d.sync += phase.eq(Mux(last, start, turn))
    if axis.first:
        gives &= index >= axis.first
    inside = index < axis.size if axis.steps > axis.size else Const(1)
    return _Place(index, following, index == 0, last, inside, gives)
