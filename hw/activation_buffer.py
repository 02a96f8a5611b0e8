"""Holds input vectors while an engine reads them, several times over and in any order."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ..errors import PlanError
from .stream import lane_stream

__all__ = ["ActivationBuffer"]


class ActivationBuffer(wiring.Component):
    """A ring of banks, each with the words of one vector: one is read while others fill.

    Parameters
    ----------
    bits : int
        Width of a code.
    lanes : int
        Codes in a word.
    words : int
        Words in a vector.
    banks : int
        Vectors held at once, at least 2.

    Members
    -------
    i : In(lane_stream(bits, lanes))
        Words in order; accepted while a bank is free.
    available : Out(1)
        The oldest bank is complete.
    column : In
        Word of the oldest bank to read.
    read : In(1)
        Read it: ``data`` holds it from the next cycle on.
    release : In(1)
        With the last read of a bank: it may be filled anew.
    data : Out(ArrayLayout(bits, lanes))
    """

    def __init__(self, *, bits: int, lanes: int, words: int, banks: int = 2):
        if banks < 2:
            raise PlanError(f"an activation buffer needs at least 2 banks, not {banks}")
        self._bits = bits
        self._lanes = lanes
        self._words = words
        self._banks = banks
        super().__init__(
            {
                "i": In(lane_stream(bits, lanes)),
                "available": Out(1),
                "column": In(ceil_log2(words)),
                "read": In(1),
                "release": In(1),
                "data": Out(data.ArrayLayout(bits, lanes)),
            }
        )

    @property
    def bits(self) -> int:
        return self._bits

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def words(self) -> int:
        return self._words

    @property
    def banks(self) -> int:
        return self._banks

    def elaborate(self, platform):
        m = Module()

        column_bits = ceil_log2(self._words)
        depth = self._banks << column_bits
        m.submodules.memory = storage = memory.Memory(
            shape=data.ArrayLayout(self._bits, self._lanes), depth=depth, init=[]
        )
        write, read = storage.write_port(), storage.read_port()

        full = Signal(range(self._banks + 1))
        fill_bank, read_bank = Signal(range(self._banks)), Signal(range(self._banks))
        fill_column = Signal(column_bits)
        accept, filled = Signal(), Signal()

        m.d.comb += [
            self.i.ready.eq(full != self._banks),
            accept.eq(self.i.valid & self.i.ready),
            filled.eq(accept & (fill_column == self._words - 1)),
            self.available.eq(full != 0),
            write.en.eq(accept),
            write.addr.eq(Cat(fill_column, fill_bank)),
            write.data.eq(self.i.payload),
            read.en.eq(self.read),
            read.addr.eq(Cat(self.column, read_bank)),
            self.data.eq(read.data),
        ]
        m.d.sync += full.eq(full + filled - self.release)
        with m.If(filled):
            m.d.sync += [fill_column.eq(0), fill_bank.eq(_next(fill_bank, self._banks))]
        with m.Elif(accept):
            m.d.sync += fill_column.eq(fill_column + 1)
        with m.If(self.release):
            m.d.sync += read_bank.eq(_next(read_bank, self._banks))

        return m


def _next(bank, banks: int):
    """The bank after ``bank``; only a ring that is no power of two needs a comparison."""
    if banks & (banks - 1) == 0:
        return bank + 1
    return Mux(bank == banks - 1, 0, bank + 1)
