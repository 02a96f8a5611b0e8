"""Activation buffer: the words of a stream of maps that windows still need."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError
from threefold.plan.window import Walk

from .ram import Ram
from .stream import lane_stream

__all__ = ["ActivationBuffer"]


class ActivationBuffer(wiring.Component):
    """Ring of words between the producer of a stream and the windows sliding over it.

    It counts words only: how many the next window still waits for, and how many may come
    before one that is in use would be overwritten. Where a window lies is its reader's matter.

    Parameters
    ----------
    bits : int
        Width of a code.
    lanes : int
        Codes in a word.
    depth : int
        Words held at once, a power of two.
    memory : str
        Where they are; see :class:`~threefold.hw.ram.Ram`. SPRAM has a single port.
    walk : Walk
        The windows.

    Members
    -------
    i : In(lane_stream(bits, lanes))
        Words in order; accepted while there is room.
    start : Out(1)
        All words of the next window are there.
    take : In(1), needs : In
        The window is being read to its end; the one after it needs so many words more.
    release : In(1), frees : In
        The window has been read to its end; so many words may be overwritten.
    address : In
        Address of the word to read.
    read : In(1)
        Whether to read a word, which ``data`` holds from the next cycle on.
    waits : In(1)
        There is a word to read, in this cycle or as soon as the reader moves on: with a single
        port no word is accepted meanwhile.
    data : Out(ArrayLayout(bits, lanes))

    Raises
    ------
    PlanError
        If the depth is no power of two, or holds no window.
    """

    def __init__(self, *, bits: int, lanes: int, depth: int, memory: str = "auto", walk: Walk):
        if depth < 2 or depth & (depth - 1) or depth < walk.least_depth:
            raise PlanError(
                f"an activation buffer must be a power of two of at least {walk.least_depth} "
                f"words, not {depth}"
            )
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
                "needs": In(range(int(walk.needs.max()) + 1)),
                "release": In(1),
                "frees": In(range(int(walk.frees.max()) + 1)),
                "address": In(range(depth)),
                "read": In(1),
                "waits": In(1),
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
    def depth(self) -> int:
        return self._depth

    @property
    def memory(self) -> str:
        return self._memory

    @property
    def walk(self) -> Walk:
        return self._walk

    def elaborate(self, platform):
        m = Module()

        word = data.ArrayLayout(self._bits, self._lanes)
        m.submodules.memory = storage = Ram(word, self._depth, self._memory)
        write, read = storage.write, storage.read

        # Both count from −1 down where something is missing, so that their signs decide.
        first = int(self._walk.needed[0])
        most_ahead = max(self._depth, int(self._walk.needs.max()), first)
        most_room = self._depth + int(self._walk.frees.max())
        ahead = Signal(signed(most_ahead.bit_length() + 1), init=-first)
        room = Signal(signed(most_room.bit_length() + 1), init=self._depth - 1)
        place = Signal(range(self._depth))
        accept = Signal()

        m.d.comb += [
            self.start.eq(ahead >= 0),
            self.i.ready.eq((room >= 0) & ~(self.waits & (self._memory == "spram"))),
            accept.eq(self.i.valid & self.i.ready),
            write.en.eq(accept),
            write.addr.eq(place),
            write.data.eq(self.i.payload),
            read.en.eq(self.read),
            read.addr.eq(self.address),
            self.data.eq(read.data),
        ]
        m.d.sync += [
            ahead.eq(ahead + accept - Mux(self.take, self.needs, 0)),
            room.eq(room - accept + Mux(self.release, self.frees, 0)),
            place.eq(place + accept),
        ]

        return m
