"""Activation buffer: the words of a stream of maps that windows still need."""

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError
from threefold.plan.banks import Banks
from threefold.plan.window import Walk

from .ram import Ram
from .stream import lane_stream

__all__ = ["ActivationBuffer", "less_one"]


class ActivationBuffer(wiring.Component):
    """Ring of words between the producer of a stream and the windows sliding over it.

    It counts words only: how many the next windows still wait for, and how many may come
    before one that is in use would be overwritten. Where a window lies is its reader's matter.

    For several pixels at once the words lie in banks, see :class:`~threefold.plan.banks.Banks`, and
    a word of each is read at a time.

    Parameters
    ----------
    bits : int
        Width of a code.
    lanes : int
        Codes in a word.
    depth : int
        Words of all banks, in each of them a power of two.
    memory : str
        Where they are; see :class:`~threefold.hw.ram.Ram`. SPRAM has a single port.
    walk : Walk
        The windows.

    Members
    -------
    i : In(lane_stream(bits, lanes))
        Words in order; accepted while there is room.
    start : Out(1)
        All words of the next step are there.
    take : In(1), needs_less_one : In
        The step is being read to its end; the one after it needs so many words and one more.
    release : In(1), frees_less_one : In
        The step has been read to its end; so many words and one more may be overwritten.
    address : In(ArrayLayout(address, banks))
        Address of the word to read in each bank.
    read : In(1)
        Whether to read a word of each, which ``data`` holds from the next cycle on.
    waits : In(1)
        There is a word to read, in this cycle or as soon as the reader moves on: with a single
        port no word is accepted meanwhile.
    data : Out(ArrayLayout(bits, lanes × banks))
        The word of the first bank in the lowest bits.

    Raises
    ------
    PlanError
        If the depth of a bank is no power of two, or they hold no window.
    """

    def __init__(self, *, bits: int, lanes: int, depth: int, memory: str = "auto", walk: Walk):
        banks = Banks(walk)
        if not banks.holds(depth):
            times = f"{banks.count} times " if banks.count > 1 else ""
            raise PlanError(
                f"an activation buffer must be {times}a power of two of at least "
                f"{walk.least_depth} words, not {depth}"
            )
        self._banks = banks
        self._bits = bits
        self._lanes = lanes
        self._depth = depth
        self._memory = memory
        self._walk = walk
        super().__init__(
            {
                "i": In(lane_stream(bits, lanes)),
                "start": Out(1),
                "take": In(1),
                "needs_less_one": In(less_one(walk.needs)),
                "release": In(1),
                "frees_less_one": In(less_one(walk.frees)),
                "address": In(data.ArrayLayout(range(depth // banks.count), banks.count)),
                "read": In(1),
                "waits": In(1),
                "data": Out(data.ArrayLayout(bits, lanes * banks.count)),
            }
        )

    @property
    def bits(self) -> int:
        return self._bits

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def depth(self) -> int:
        return self._depth

    @property
    def memory(self) -> str:
        return self._memory

    @property
    def walk(self) -> Walk:
        return self._walk

    @property
    def banks(self) -> Banks:
        """Where words lie."""
        return self._banks

    def elaborate(self, platform):
        m = Module()

        # Signs decide: there is room from 0 on, and enough words ahead below 0. A word that enters
        # lowers both by one, which is added otherwise, as the carry: so each is a single adder.
        capacity = self._banks.capacity(self._depth)
        first = int(self._walk.needed[0])
        most_ahead = max(self._depth, int(self._walk.needs.max()), first)
        most_room = self._depth + int(self._walk.frees.max())
        behind = Signal(signed(most_ahead.bit_length() + 1), init=first - 1)
        room = Signal(signed(most_room.bit_length() + 1), init=capacity - 1)
        accept = Signal()
        place, bank = self._write_place(m, accept)

        m.d.comb += [
            self.start.eq(behind < 0),
            self.i.ready.eq((room >= 0) & ~(self.waits & (self._memory == "spram"))),
            accept.eq(self.i.valid & self.i.ready),
        ]
        _add(m, behind, self.take, self.needs_less_one, ~accept)
        _add(m, room, self.release, self.frees_less_one, ~accept)

        word = data.ArrayLayout(self._bits, self._lanes)
        words = []
        for n in range(self._banks.count):
            storage = Ram(word, self._depth // self._banks.count, self._memory)
            m.submodules[f"memory_{n}" if self._banks.count > 1 else "memory"] = storage
            write, read = storage.write, storage.read
            m.d.comb += [
                write.en.eq(accept & (bank == n) if self._banks.count > 1 else accept),
                write.addr.eq(place),
                write.data.eq(self.i.payload),
                read.en.eq(self.read),
                read.addr.eq(self.address[n]),
            ]
            words.append(read.data)
        m.d.comb += self.data.eq(Cat(words))

        return m

    def _write_place(self, m: Module, accept) -> tuple[Signal, Signal]:
        """Where the next word goes: its address, and its bank."""
        banks = self._banks
        place = Signal(range(self._depth // banks.count))
        bank = Signal(range(banks.count))
        if banks.count == 1:
            m.d.sync += place.eq(place + accept)
            return place, bank

        def end(name: str, length: int):
            if length == 1:
                return 1
            count, ended = Signal(range(length), name=name), Signal(name=f"{name}_end")
            m.d.comb += ended.eq(count == length - 1)
            with m.If(accept):
                m.d.sync += count.eq(Mux(ended | row_end, 0, count + 1))
            return ended

        row_end = Signal()
        if banks.gap:
            m.d.comb += row_end.eq(end("row_word", banks.row_words))
        block_end = end("block_word", banks.block)
        last = bank == banks.count - 1
        # Within a block on, back to where the block began in the next bank, or on to the next
        # block in the first: from the end of the block, or from wherever a row ends.
        step = Mux(block_end & ~last, 1 - banks.block, 1)
        if banks.gap:
            step = Mux(row_end, banks.block - (banks.row_words - 1) % banks.block, step)
        with m.If(accept):
            m.d.sync += place.eq(place + step)
            with m.If(row_end | (block_end & last)):
                m.d.sync += bank.eq(0)
            with m.Elif(block_end):
                m.d.sync += bank.eq(bank + 1)
        return place, bank


def less_one(counts: np.ndarray) -> Shape:
    """Shape of counts of words, each less one: signed if one of them is 0."""
    return Shape.cast(range(int(counts.min()) - 1, int(counts.max())))


def _add(m: Module, count: Signal, moves: Value, less_one: Value, carry: Value) -> None:
    """Add ``carry - 1`` to a count, and a number besides where it moves."""
    addend = Signal.like(count, name=f"{count.name}_addend", init=0)
    m.d.comb += addend.eq(Mux(moves, less_one, -1))
    m.d.sync += count.eq((Cat(carry, count) + Cat(carry, addend))[1:])
