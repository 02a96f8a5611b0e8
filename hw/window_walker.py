"""Window walker: addresses of windows in the ring of an activation buffer."""

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.banks import Banks
from threefold.plan.program import Program, Programs
from threefold.plan.window import Edges, Walk

from .activation_buffer import less_one

__all__ = ["WindowWalker"]


class WindowWalker(wiring.Component):
    """Address generator for the words of the windows that move over the map together.

    A window that starts in the padding has an address like any other, in the words of the row
    or image before; what it reads there is marked as padding and not used.

    The pipeline never waits. To stall it, wrap it in an ``EnableInserter``.

    Parameters
    ----------
    walk : Walk
    program : Program or Programs
    depth : int
        Words in the ring, in each bank a power of two.

    Members
    -------
    issue, row, column, finish : In
        As of :class:`Sequencer`.
    needs_less_one : Out
        With ``finish``: words the next step needs in addition, less one.
    read : Out(1), address : Out(ArrayLayout(address, banks))
        Words of the tile issued in the cycle before, one of each bank.
    release : Out(1), frees_less_one : Out
        It was the last of its step, which leaves so many words and one more behind.
    first : Out
        Bank with the word of the first pixel, for the tile issued two cycles before.
    padding : Out(pixels)
        The tile issued two cycles before lies in the padding of each pixel.
    image_end : Out(1)
        The windows that are worked on are the last of their image.
    """

    def __init__(self, walk: Walk, program: Program | Programs, depth: int):
        self._walk = walk
        self._program = program
        self._depth = depth
        self._banks = banks = Banks(walk)
        super().__init__(
            {
                "issue": In(1),
                "row": In(program.row_bits),
                "column": In(program.column_bits),
                "finish": In(1),
                "needs_less_one": Out(less_one(walk.needs)),
                "read": Out(1),
                "address": Out(data.ArrayLayout(range(depth // banks.count), banks.count)),
                "release": Out(1),
                "frees_less_one": Out(less_one(walk.frees)),
                "first": Out(range(banks.count)),
                "padding": Out(banks.count),
                "image_end": Out(1),
            }
        )

    @property
    def walk(self) -> Walk:
        return self._walk

    @property
    def program(self) -> Program | Programs:
        return self._program

    @property
    def depth(self) -> int:
        return self._depth

    def elaborate(self, platform):
        m = Module()

        rows, columns = self._walk.shape
        y, x = Signal(range(rows)), Signal(range(columns))
        row_end, move = Signal(), Signal()
        m.d.comb += [
            move.eq(self.issue & self.finish),
            row_end.eq(x == columns - 1),
            self.image_end.eq(row_end & (y == rows - 1)),
        ]
        with m.If(move):
            m.d.sync += x.eq(Mux(row_end, 0, x + 1))
            with m.If(row_end):
                m.d.sync += y.eq(Mux(y == rows - 1, 0, y + 1))

        m.d.sync += [self.read.eq(self.issue), self.release.eq(move)]
        self._count_words(m, y, x)
        self._address(m, row_end, self.image_end)
        self._find_padding(m, y, x)

        return m

    def _count_words(self, m: Module, y: Signal, x: Signal):
        """What a step needs and frees, by its position."""
        shape = self._walk.shape
        needs = _lookup(m, y, x, self._walk.needs.reshape(shape) - 1)
        if self._program.fewest > 1:
            # Two cycles a step or more: the position has been there for one when it matters.
            m.d.sync += self.needs_less_one.eq(needs)
        else:
            m.d.comb += self.needs_less_one.eq(needs)
        frees = _lookup(m, y, x, self._walk.frees.reshape(shape) - 1)
        m.d.sync += self.frees_less_one.eq(frees)

    def _address(self, m: Module, row_end: Signal, image_end: Signal):
        window, banks = self._walk.window, self._banks
        depth = self._depth // banks.count
        (rows, steps), height = self._walk.shape, window.shape[0]
        along = window.stride[1] * self._walk.pitch
        down = window.stride[0] * banks.row
        to_row = down - (steps - 1) * along
        to_image = height * banks.row - (rows - 1) * down - (steps - 1) * along
        # Within a row, places follow each other as the columns do but from block to block.
        places = banks.offsets
        ahead = places - np.arange(len(places))
        base = Signal(range(depth), init=(int(ahead[0]) - window.padding[0] * banks.row) % depth)
        offset = Signal(range(depth))
        step = Signal(range(depth))
        row = _select(self.row, [row * banks.row % depth for row in range(self._program.height)])
        jump = _select(self.column, ((ahead - ahead[0]) % depth).tolist())
        m.d.sync += [
            offset.eq(row + self.column + jump if (ahead != ahead[0]).any() else row + self.column),
            step.eq(Mux(image_end, to_image % depth, Mux(row_end, to_row % depth, along % depth))),
        ]
        with m.If(self.release):
            m.d.sync += base.eq(base + step)
        m.d.comb += self.address[0].eq(base + offset)
        if banks.count > 1:
            self._address_banks(m, base, offset)

    def _address_banks(self, m: Module, base: Signal, offset: Signal):
        """Banks before that of the first pixel have the words of the last ones, a block further."""
        banks = self._banks
        first, place, further = Signal.like(self.first), Signal.like(offset), Signal.like(offset)
        m.d.sync += [first.eq(_select(self.column, banks.firsts.tolist())), self.first.eq(first)]
        m.d.comb += [place.eq(base + offset), further.eq(base + offset + banks.block)]
        for bank in range(banks.count):
            before = bank < banks.firsts.max()  # that of some tile's first pixel
            m.d.comb += self.address[bank].eq(
                Mux(bank < first, further, place) if before else place
            )

    def _find_padding(self, m: Module, y: Signal, x: Signal):
        walk, (top, left, bottom, right) = self._walk, self._walk.window.padding
        row, columns = 0, [0] * walk.pixels
        if top or bottom:
            row = _beyond(m, "row", walk.rows, y, self.row)
        for pixel in range(walk.pixels) if left or right else ():
            name = f"column_{pixel}" if walk.pixels > 1 else "column"
            columns[pixel] = _beyond(m, name, walk.columns(pixel), x, self.column)
        if any(walk.window.padding):
            m.d.sync += self.padding.eq(Cat(Value.cast(row | column)[0] for column in columns))


def _beyond(m: Module, name: str, edges: Edges, place: Signal, index: Value) -> Value:
    """Whether the place and index of the cycle before are not within the map."""
    if not edges.few:
        here = _times(place, edges.stride) + index - edges.before
        position = Signal(signed(len(here)), name=f"{name}_position")
        m.d.sync += position.eq(here)
        return (position < 0) | (position >= edges.size)
    beyond = Signal(name=f"{name}_beyond")
    terms = [(place == edge) & _select(index, out) for edge, out in edges.outside.items()]
    m.d.sync += beyond.eq(Cat(terms).any())
    return beyond


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
