"""Load port: rows of a program from bytes, taken only if all of them are right."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import enum, stream, wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.image import MAGIC

from ..interfaces.crc32 import CRC32

__all__ = ["LoadPort"]


class _Part(enum.Enum, shape=2):
    """Part of an image that comes next."""

    HEAD = 0
    COUNT = 1
    ROWS = 2
    CHECK = 3


class LoadPort(wiring.Component):
    """Receiver of a program image, a bit a cycle.

    It takes what :func:`~threefold.plan.image.image_of` gives.

    An image whose magic, fingerprint, number of rows or CRC is wrong is refused. Bytes behind it
    are passed over up to the next magic. A reset gives up an image of which some has come, and
    leaves ``loaded`` as it is.

    Parameters
    ----------
    row_bits : int
        Width of a row, a multiple of 8.
    depth : int
        Rows that there is room for.

    Members
    -------
    i : In(stream.Signature(8))
        Bytes of images.
    fingerprint : In(32)
        What an image for this hardware says, its first byte lowest.
    idle : In(1)
        Nothing is read; an image begins only then, in the cycle behind it. What is in front must
        let nothing in from then on: ``loaded`` is low in that cycle.
    waiting : Out(1)
        An image is there that has not begun.
    write : Out(1), place : Out(range(depth)), row : Out(row_bits)
        Write a row.
    loaded : Out(1)
        The last image was right, and no other has begun.
    refused : Out(1)
        High for a cycle for each image that is wrong.
    """

    def __init__(self, row_bits: int, depth: int):
        self._row_bits = row_bits
        self._depth = depth
        self._part, self._place = Signal(_Part), Signal(6)
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "fingerprint": In(32),
                "idle": In(1),
                "waiting": Out(1),
                "write": Out(1),
                "place": Out(range(depth)),
                "row": Out(row_bits),
                "loaded": Out(1),
                "refused": Out(1),
            }
        )

    @property
    def row_bits(self) -> int:
        return self._row_bits

    @property
    def depth(self) -> int:
        return self._depth

    def elaborate(self, platform):
        m = Module()

        m.submodules.crc = crc = CRC32()
        part, place, bit, step = self._part, self._place, Signal(), Signal()
        start, begins, byte_end, differs = Signal(), Signal(), Signal(), Signal()
        loaded = Signal(reset_less=True)
        expected = Cat(Const(int.from_bytes(MAGIC, "little"), 32), self.fingerprint)
        m.d.comb += [
            start.eq((part == _Part.HEAD) & (place == 0)),
            byte_end.eq(place[:3].all()),
            bit.eq(self.i.payload.bit_select(place[:3], 1)),
            step.eq(self.i.valid & (~start | begins)),
            crc.start.eq(start & ~step),
            crc.shift.eq(step),
            crc.plain.eq(part == _Part.CHECK),
            crc.bit.eq(bit),
            self.loaded.eq(loaded),
        ]
        m.d.sync += [
            self.waiting.eq(self.i.valid & start),
            begins.eq(self.waiting & self.idle),
        ]

        # What differs is known at the end of a byte, so that a byte that is no part of an image
        # that has begun can begin another.
        wrong, again = Signal(), Signal()
        with m.Switch(part):
            with m.Case(_Part.HEAD):
                m.d.comb += differs.eq(bit != expected.bit_select(place, 1))
            with m.Case(_Part.CHECK):
                m.d.comb += differs.eq(bit == crc.low)
        m.d.comb += [
            again.eq((part == _Part.HEAD) & (wrong | differs) & place[3:].any()),
            self.i.ready.eq(byte_end & ~again),
        ]
        with m.If(step):
            m.d.sync += [place.eq(place + 1), wrong.eq(wrong | differs)]
        with m.If(self.waiting & self.idle):  # nothing may begin besides, from the next cycle on
            m.d.sync += loaded.eq(0)
        self._add_parts(m, step=step, bit=bit, wrong=wrong | differs)
        with m.If(start & ~step):
            m.d.sync += wrong.eq(0)
        with m.If(step & (part == _Part.CHECK) & (place == 31)):
            m.d.sync += loaded.eq(~(wrong | differs))

        return m

    def _add_parts(self, m: Module, *, step, bit, wrong) -> None:
        """What follows each part, and what is kept of it."""
        part, place = self._part, self._place
        count = Signal(self._depth.bit_length(), reset_less=True)
        excess, passed_over, filled = Signal(), Signal(), Signal(range(self._row_bits))
        byte_end, part_end = place[:3].all(), place[:5].all()
        row_end = filled == self._row_bits - 1
        refuse, following = Signal(), Cat(count[1:], bit)
        m.d.sync += [self.refused.eq(refuse), self.write.eq(0)]
        with m.If(self.write):
            m.d.sync += self.place.eq(self.place + 1)
        # As in a step, which takes longer to know.
        with m.If(self.i.valid & (part == _Part.ROWS)):
            m.d.sync += self.row.eq(Cat(self.row[1:], bit))
        with m.If(step), m.Switch(part):
            with m.Case(_Part.HEAD):
                with m.If(byte_end & wrong):
                    m.d.comb += refuse.eq(~passed_over | place[5])
                    m.d.sync += [passed_over.eq(1), place.eq(0)]
                with m.Elif(part_end & place[5]):
                    m.d.sync += [passed_over.eq(0), part.eq(_Part.COUNT), excess.eq(0)]
            with m.Case(_Part.COUNT):
                with m.If(place < len(count)):
                    m.d.sync += count.eq(following)
                with m.Else():
                    m.d.sync += excess.eq(excess | bit)
                with m.If(part_end):
                    m.d.sync += [place.eq(0), part.eq(_Part.ROWS), filled.eq(0), self.place.eq(0)]
                    with m.If(excess | bit | (count == 0) | (count > self._depth)):
                        m.d.comb += refuse.eq(1)
                        m.d.sync += [passed_over.eq(1), part.eq(_Part.HEAD)]
            with m.Case(_Part.ROWS):
                m.d.sync += filled.eq(Mux(row_end, 0, filled + 1))
                with m.If(row_end):
                    m.d.sync += [self.write.eq(1), count.eq(count - 1)]
                    with m.If(count == 1):
                        m.d.sync += [part.eq(_Part.CHECK), place.eq(0)]
            with m.Case(_Part.CHECK), m.If(part_end):
                m.d.comb += refuse.eq(wrong)
                m.d.sync += [part.eq(_Part.HEAD), place.eq(0), passed_over.eq(wrong)]
