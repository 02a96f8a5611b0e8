"""Map reader: the words of a tile, one for each pixel that is worked on."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.latency import READER_LATENCY
from threefold.plan.sequential import Contents

from ..register import registered
from .table import row_layout

__all__ = ["MapReader"]


class MapReader(wiring.Component):
    """Walk of a window over a map, in a pipeline.

    Pixel ``n`` reads the column ``n`` strides behind that of the first one. Columns are in the
    banks in turn, or in the same bank up to the next stride; those of banks before the first
    pixel's are a block further on.

    Parameters
    ----------
    contents : Contents

    Members
    -------
    start : In(1)
        A pass begins in the next cycle.
    descriptor, tile : In
        Those of the sequencer.
    issue, group_end, step_end, row_end : In(1)
        There is a tile, the last of its group, of its step, of its row.
    read : Out(1)
        Read a word of each bank, a cycle after the tile or two.
    address : Out(ArrayLayout(address, pixels))
        Its address.
    data : In(ArrayLayout(bits, SIMD × pixels))
        Words of the banks, in the cycle after that.
    words : Out(ArrayLayout(bits, SIMD × pixels))
        Words of the pixels, :attr:`~threefold.plan.sequential.Contents.reader_latency` cycles
        after the tile.
    """

    def __init__(self, contents: Contents):
        self._contents = contents
        pixels = contents.array.pixels
        words = data.ArrayLayout(contents.bits, contents.array.simd * pixels)
        super().__init__(
            {
                "start": In(1),
                "descriptor": In(row_layout(contents.descriptors)),
                "tile": In(row_layout(contents.tiles)),
                "issue": In(1),
                "group_end": In(1),
                "step_end": In(1),
                "row_end": In(1),
                "read": Out(1),
                "address": Out(data.ArrayLayout(contents.bank_bits, pixels)),
                "data": In(words),
                "words": Out(words),
            }
        )

    @property
    def contents(self) -> Contents:
        return self._contents

    def elaborate(self, platform):
        m = Module()

        now, bits = self.descriptor, self._contents.bank_bits
        corner, row = Signal(bits), Signal(bits)
        place = Signal(bits, reset_less=True)
        start = self._written_over(m, corner) if self._contents.joins else corner
        read = Signal()
        m.d.sync += [read.eq(self.issue), place.eq(start + self.tile.offset)]
        m.d.comb += self.read.eq(self._behind(m, "read_there", read))
        with m.If(self.issue & self.group_end):
            m.d.sync += corner.eq(corner + Mux(self.step_end, now.to_step, now.to_group))
            with m.If(self.row_end):
                m.d.sync += [corner.eq(row + now.to_row), row.eq(row + now.to_row)]
        with m.If(self.start):
            m.d.sync += [corner.eq(now.corner), row.eq(now.corner)]

        turn = self._banks(m, place)
        words = self._turned(m, turn)
        if self._contents.padded:
            words = self._padded(m, words)
        m.d.sync += Cat(self.words).eq(Cat(words))

        return m

    def _written_over(self, m: Module, corner: Signal) -> Value:
        """The corner, or the place that is written over where a word is fetched for codes."""
        now, over = self.descriptor, Signal.like(corner)
        with m.If(self.issue & self.group_end):
            m.d.sync += over.eq(over + now.pitch)
        with m.If(self.start):
            m.d.sync += over.eq(now.place)
        return Mux(self.tile.join, over, corner)

    def _banks(self, m: Module, place: Signal) -> Signal:
        """Address each bank; the bank of the first pixel when its word is there."""
        first, read = Signal.like(self.tile.bank), Signal.like(self.tile.bank)
        m.d.sync += [
            first.eq(self.tile.bank),
            read.eq(self._behind(m, "first_there", first)),
        ]
        block = self.descriptor.block
        for bank in range(self._contents.array.pixels):
            ahead = self._contents.array.pixels > 1 and bank < first
            address = (place + Mux(ahead, block, 0))[: len(place)]
            m.d.comb += self.address[bank].eq(self._behind(m, f"address_{bank}_there", address))
        return read

    def _turned(self, m: Module, turn: Signal) -> list:
        """The word of each pixel."""
        pixels, simd = self._contents.array.pixels, self._contents.array.simd
        words = [Cat(self.data[n * simd + lane] for lane in range(simd)) for n in range(pixels)]
        words = [self._behind(m, f"word_{n}", word) for n, word in enumerate(words)]
        if pixels == 1:
            return words
        copies, turned = self._contents.array.copies, []
        for pixel in range(pixels):
            bank = Signal(range(pixels), name=f"bank_{pixel}")
            if copies:
                m.d.comb += bank.eq(_modulo(turn + pixel, pixels))
            for stride in () if copies else self._contents.strides:
                with m.If(self.descriptor.stride == stride):
                    m.d.comb += bank.eq(_modulo(turn + pixel * stride % pixels, pixels))
            if not pixel:
                m.d.comb += bank.eq(turn)
            bank = self._behind(m, f"bank_{pixel}_read", bank)
            word = Signal(len(words[0]), name=f"turned_{pixel}")
            m.d.comb += word.eq(Cat(words).word_select(bank, len(word)))
            turned.append(word)
        return turned

    def _padded(self, m: Module, words: list) -> list:
        """The words, or the code of what is beyond the map."""
        now, bits = self.descriptor, self._contents.position_bits
        y, x = Signal(bits), Signal(bits)
        line, column = Signal(bits, reset_less=True), Signal(bits, reset_less=True)
        with m.If(self.issue & self.step_end & self.group_end):
            m.d.sync += x.eq(x + now.x_step)
            with m.If(self.row_end):
                m.d.sync += [x.eq(now.x), y.eq(y + now.y_step)]
        with m.If(self.start):
            m.d.sync += [x.eq(now.x), y.eq(now.y)]
        part, read = Signal.like(self.tile.part), Signal.like(self.tile.part)
        pad = now.pad.word_select(self._behind(m, "part_read", read, 2), self._contents.bits)
        m.d.sync += [part.eq(self.tile.part), read.eq(part)]
        m.d.sync += [line.eq(y + self.tile.row), column.eq(x + self.tile.column)]
        shown, above = [], Signal()
        m.d.comb += above.eq(line >= now.height)
        if joins := self._contents.joins:
            joined = Signal()
            m.d.sync += joined.eq(self.tile.join)
        for pixel, word in enumerate(words):
            at = Signal(bits, name=f"column_{pixel}")
            beyond = Signal(name=f"beyond_{pixel}")
            places = (n for n in range(pixel.bit_length()) if pixel >> n & 1)
            m.d.comb += at.eq(sum((now.stride << n for n in places), column))
            outside = above | (at >= now.width)
            m.d.sync += beyond.eq(outside & ~joined if joins else outside)
            beyond = self._behind(m, f"beyond_{pixel}_read", beyond, 2)
            shown.append(Mux(beyond, pad.replicate(self._contents.array.simd), word))
        return shown

    def _behind(self, m: Module, name: str, value: Value, count: int = 1) -> Value:
        """A value behind some registers, if there are registers around the banks."""
        if self._contents.reader_latency > READER_LATENCY:
            for n in range(count):
                value = registered(m, f"{name}_{n}", value)
        return value


def _modulo(value, count: int):
    """A value below twice ``count``, modulo that."""
    return Mux(value >= count, value - count, value)
