"""Pass receiver: rows of a streamed program from words, and the CRC of each pass."""

from math import ceil

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.crc import Processor
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from threefold.plan.sequential import StreamedProgram
from threefold.plan.sequential.streamed import NUMBER_BITS

from .weight_unpacker import WeightUnpacker

__all__ = ["PassReceiver"]


class PassReceiver(wiring.Component):
    """Receiver of the passes of a program, one after the other.

    Parameters
    ----------
    program : StreamedProgram

    Members
    -------
    valid : In(1), word : In(word bits)
        The next word.
    write : Out(1), place : Out(range(rows)), row : Out(memory bits)
        Write a row, two cycles behind its last word. Where weights come five to a byte, they
        have two bits each in it, and what is in front of them is spread over it likewise, see
        :class:`~threefold.hw.sequential.weight_unpacker.WeightUnpacker`.
    passed : Out(1)
        All rows of a pass are right and written, the last of them in this cycle, two cycles behind
        its last word.
    wrong : Out(1)
        Those of a pass are not.
    """

    def __init__(self, program: StreamedProgram):
        self._program = program
        super().__init__(
            {
                "valid": In(1),
                "word": In(program.word_bits),
                "write": Out(1),
                "place": Out(range(program.limits["program"])),
                "row": Out(program.memory_bits),
                "passed": Out(1),
                "wrong": Out(1),
            }
        )

    @property
    def program(self) -> StreamedProgram:
        return self._program

    def elaborate(self, platform):
        m = Module()

        program, bits = self._program, self._program.word_bits
        # What a pass says of itself comes first: its CRC, its rows, whether it is the last, and how
        # many of its rows are in front of its weights, if these are packed.
        checks, stored_bits = program.check_bits // bits, program.limits["stored"]
        plain_bits = program.limits["plain"]
        told = checks + ceil((stored_bits + 1 + plain_bits) / bits)
        head = Signal(told * bits, reset_less=True)
        stored = head[program.check_bits :][:stored_bits]
        final = head[program.check_bits + stored_bits]
        number, right = Signal(NUMBER_BITS), Signal()
        place = Signal(range(told + 1))
        row, size = self.row, program.row_words
        within = Signal(range(size))
        row_end = within == size - 1
        rows, row_ends, ends, begun = Signal(stored_bits), Signal(), Signal(), Signal()
        # Rows are made a cycle later, since what they are made by is known late.
        late, word = Signal(), Signal(bits, reset_less=True)

        m.submodules.crc = crc = Processor(CRC32_ISO_HDLC(bits))
        m.d.comb += [
            crc.data.eq(self.word),
            # The first word of the next pass may come while a pass ends.
            crc.valid.eq(self.valid & (place >= checks) & ~ends),
            crc.start.eq((place < checks) | ends),
            ends.eq(row_ends & (place == told) & (rows + 1 == stored)),
            begun.eq(ends & self.valid),
            right.eq(crc.crc ^ number == head[: len(crc.crc)]),
        ]
        m.d.sync += [
            late.eq(self.valid),
            word.eq(self.word),
            row_ends.eq(self.valid & row_end),
            self.write.eq(row_ends),
            self.passed.eq(ends & right),
            self.wrong.eq(ends & ~right),
        ]
        made = word
        if program.unpacks:
            m.submodules.unpacker = unpacker = WeightUnpacker(bits)
            plain = head[program.check_bits + stored_bits + 1 :][:plain_bits]
            m.d.comb += unpacker.word.eq(word)
            m.d.sync += unpacker.plain.eq((place != told) | ends | (rows + row_ends < plain))
            made = unpacker.o
        with m.If(late):
            m.d.sync += row.eq(Cat(row, made)[len(made) :])
        with m.If(self.write):
            m.d.sync += self.place.eq(self.place + 1)
        with m.If(row_ends):
            m.d.sync += rows.eq(rows + 1)
        with m.If(self.valid):
            m.d.sync += within.eq(Mux(row_end, 0, within + 1))
            with m.If(place != told):
                m.d.sync += [head.eq(Cat(head, self.word)[bits:]), place.eq(place + 1)]
        with m.If(ends):
            m.d.sync += [rows.eq(0), place.eq(begun), number.eq(Mux(final, 0, number + 1))]
            with m.If(begun):
                m.d.sync += head.eq(Cat(head, self.word)[bits:])

        return m
