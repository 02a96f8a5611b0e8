"""Window walker: addresses of windows in the ring of an activation buffer."""

import numpy as np
from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.program import Program
from threefold.plan.window import Walk

__all__ = ["WindowWalker"]


class WindowWalker(wiring.Component):
    """Address generator for the words of a window that moves over the map.

    A window that starts in the padding has an address like any other, in the words of the row
    or image before; what it reads there is marked as padding and not used.

    The pipeline never waits. To stall it, wrap it in an ``EnableInserter``.

    Parameters
    ----------
    walk : Walk
    program : Program
    depth : int
        Words in the ring, a power of two.

    Members
    -------
    issue, row, column, finish : In
        As of :class:`Sequencer`.
    needs : Out
        With ``finish``: words the next window needs in addition.
    read : Out(1), address : Out
        Word of the tile issued in the cycle before.
    release : Out(1), frees : Out
        It was the last of its window, which leaves so many words behind.
    padding : Out(1)
        The tile issued two cycles before lies in the padding.
    """

    def __init__(self, walk: Walk, program: Program, depth: int):
        self._walk = walk
        self._program = program
        self._depth = depth
        super().__init__(
            {
                "issue": In(1),
                "row": In(program.row_bits),
                "column": In(program.column_bits),
                "finish": In(1),
                "needs": Out(range(int(walk.needs.max()) + 1)),
                "read": Out(1),
                "address": Out(range(depth)),
                "release": Out(1),
                "frees": Out(range(int(walk.frees.max()) + 1)),
                "padding": Out(1),
            }
        )

    @property
    def walk(self) -> Walk:
        return self._walk

    @property
    def program(self) -> Program:
        return self._program

    @property
    def depth(self) -> int:
        return self._depth

    def elaborate(self, platform):
        m = Module()

        rows, columns = self._walk.window.out
        y, x = Signal(range(rows)), Signal(range(columns))
        row_end, image_end, move = Signal(), Signal(), Signal()
        m.d.comb += [
            move.eq(self.issue & self.finish),
            row_end.eq(x == columns - 1),
            image_end.eq(row_end & (y == rows - 1)),
        ]
        with m.If(move):
            m.d.sync += x.eq(Mux(row_end, 0, x + 1))
            with m.If(row_end):
                m.d.sync += y.eq(Mux(y == rows - 1, 0, y + 1))

        m.d.sync += [self.read.eq(self.issue), self.release.eq(move)]
        self._count_words(m, y, x)
        self._address(m, row_end, image_end)
        self._find_padding(m, y, x)

        return m

    def _count_words(self, m: Module, y: Signal, x: Signal):
        """What a window needs and frees, by its position."""
        shape = self._walk.window.out
        needs = _lookup(m, y, x, self._walk.needs.reshape(shape))
        if len(self._program) > 1:
            # Two cycles a window or more: the position has been there for one when it matters.
            m.d.sync += self.needs.eq(needs)
        else:
            m.d.comb += self.needs.eq(needs)
        m.d.sync += self.frees.eq(_lookup(m, y, x, self._walk.frees.reshape(shape)))

    def _address(self, m: Module, row_end: Signal, image_end: Signal):
        window, pitch, depth = self._walk.window, self._walk.pitch, self._depth
        (rows, columns), (height, width, _) = window.out, window.shape
        along = window.stride[1] * pitch
        down = window.stride[0] * width * pitch
        to_row = down - (columns - 1) * along
        to_image = height * width * pitch - (rows - 1) * down - (columns - 1) * along
        top, left, _, _ = window.padding
        base = Signal(range(depth), init=-(top * width + left) * pitch % depth)
        offset = Signal(range(depth))
        step = Signal(range(depth))
        offsets = [row * width * pitch % depth for row in range(self._program.height)]
        m.d.sync += [
            offset.eq(_select(self.row, offsets) + self.column),
            step.eq(Mux(image_end, to_image % depth, Mux(row_end, to_row % depth, along % depth))),
        ]
        m.d.comb += self.address.eq(base + offset)
        with m.If(self.release):
            m.d.sync += base.eq(base + step)

    def _find_padding(self, m: Module, y: Signal, x: Signal):
        window, pitch = self._walk.window, self._walk.pitch
        (height, width, _), (down, along) = window.shape, window.stride
        top, left, bottom, right = window.padding
        outside = []
        if top or bottom:
            outside.append(_beyond(m, "row", y, down, self.row, top, height))
        if left or right:
            places = x, along * pitch, self.column, left * pitch, width * pitch
            outside.append(_beyond(m, "column", *places))
        if outside:
            m.d.sync += self.padding.eq(outside[0] | outside[-1])


def _beyond(m: Module, name: str, place: Signal, stride: int, index, before: int, size: int):
    """Whether ``place * stride + index - before`` of the cycle before is not within the map."""
    here = _times(place, stride) + index - before
    position = Signal(signed(len(here)), name=f"{name}_position")
    m.d.sync += position.eq(here)
    return (position < 0) | (position >= size)


def _times(value, constant: int):
    """A product as a sum of shifts: no accelerator has multipliers."""
    shifts = [bit for bit in range(constant.bit_length()) if constant >> bit & 1]
    return sum((value << bit for bit in shifts[1:]), value << shifts[0])


def _lookup(m: Module, y: Signal, x: Signal, table: np.ndarray):
    """``table[y, x]``, where most rows are alike, and most entries of a row."""
    patterns, kinds = np.unique(table, axis=0, return_inverse=True)
    rows = [_select(x, pattern) for pattern in patterns.tolist()]
    return _select(y, kinds.ravel().tolist(), rows)


def _select(index, values: list[int], meanings=None):
    """``values[index]``, by comparisons with the places where the value changes."""
    meanings = meanings or {value: value for value in values}
    result = meanings[values[-1]]
    for place in range(len(values) - 1, 0, -1):
        if values[place] != values[place - 1]:
            result = Mux(index < place, meanings[values[place - 1]], result)
    return result
