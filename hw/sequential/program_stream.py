"""Program stream: rows of a program that come from outside while an array works by it."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.sequential import StreamedProgram

from ..frames import FrameSignature
from ..pe import Weight
from ..ram import Ram
from ..register import registered
from .pass_loader import PassLoader, threshold_write, tile_write
from .pass_receiver import PassReceiver
from .table import row_layout
from .weight_unpacker import plain_bytes

__all__ = ["ProgramStream"]

_COUNTED = 3  # cycles from the last word of a pass until it counts


class ProgramStream(wiring.Component):
    """Memory of the passes that come next, with its :class:`PassReceiver` and :class:`PassLoader`.

    Parameters
    ----------
    program : StreamedProgram

    Members
    -------
    frames : Out(FrameSignature(word bits))
        Words of the program, image after image.
    begin, tile, threshold, start, descriptor
        Those of :class:`PassLoader`, which waits until the rows of the pass are there.
    image : In(1)
        The first pass of an image begins.
    end : In(1)
        The pass is over, and its rows leave room for others.
    last : Out(1)
        It is the last pass of an image, or of a batch.
    leaves, awaits : Out(1)
        An image leaves with its end; another image has to be there before the next. There are these
        if images of a batch share rows.
    full : Out(1)
        All that there is room for has come: the next pass among it, unless one is under way.
    wrong : Out(1)
        A pass did not come as it was sent, or none does, and no other begins until a reset.
    address : In(range(rows))
        Row of weights.
    weights : Out(ArrayLayout of Weight, PE × SIMD)
        Row of weights, five cycles after its address.
    """

    def __init__(self, program: StreamedProgram):
        self._program = program
        array = program.contents.array
        shared = {"leaves": Out(1), "awaits": Out(1)} if program.shares else {}
        super().__init__(
            {
                "frames": Out(FrameSignature(program.word_bits)),
                "begin": In(1),
                "image": In(1),
                "end": In(1),
                "tile": Out(tile_write(program)),
                "threshold": Out(threshold_write(program)),
                "start": Out(1),
                "descriptor": Out(row_layout(program.contents.descriptors)),
                "last": Out(1),
                "full": Out(1),
                "wrong": Out(1),
                "address": In(range(program.limits["program"])),
                "weights": Out(data.ArrayLayout(data.ArrayLayout(Weight, array.simd), array.pe)),
            }
            | shared
        )

    @property
    def program(self) -> StreamedProgram:
        return self._program

    def elaborate(self, platform):
        m = Module()

        program, depth = self._program, self._program.limits["program"]
        m.submodules.copy = copy = PassLoader(program, late=True)
        m.submodules.receiver = receiver = PassReceiver(program)
        m.submodules.rows = rows = Ram(program.memory_bits, depth, "block", holds=False)
        # Block RAM is far from where addresses are made and weights are taken: both have a cycle.
        own = registered(m, "address_read", self.address)
        address = registered(m, "address_there", Mux(copy.reads, copy.address, own))
        row = Signal(program.memory_bits, reset_less=True)
        first, passes, runs = Signal(range(depth)), Signal(range(depth + 1)), Signal()
        m.d.sync += [
            row.eq(rows.read.data),
            copy.begin.eq(self.begin),
            passes.eq(passes + receiver.passed - copy.taken),
            runs.eq((runs & ~self.end) | copy.taken),
        ]
        with m.If(self.end):
            m.d.sync += first.eq(first + copy.head.stored)
        m.d.comb += [
            self.frames.image.eq(self.image),
            receiver.valid.eq(self.frames.valid),
            receiver.word.eq(self.frames.word),
            rows.write.en.eq(receiver.write),
            rows.write.addr.eq(receiver.place),
            rows.write.data.eq(receiver.row),
            rows.read.en.eq(1),
            rows.read.addr.eq(address),
            copy.first.eq(first),
            copy.there.eq((passes != 0) & ~self.wrong),
            copy.row.eq(plain_bytes(row) if program.unpacks else row),
            self.tile.eq(copy.tile),
            self.threshold.eq(copy.threshold),
            self.start.eq(copy.start),
            self.descriptor.eq(copy.descriptor),
            self.last.eq(copy.head.final),
            self.weights.as_value().eq(registered(m, "row_there", row)),
        ]
        filled = self._filled(m, released=Mux(self.end, self._freed(m), 0))
        # Where nothing more can come and no pass is there, one is longer than it says, or than
        # there is room for.
        stuck = filled & (passes == 0) & ~runs
        m.d.comb += self.full.eq(filled & ~stuck)
        m.d.sync += self.wrong.eq(self.wrong | receiver.wrong | stuck)

        return m

    def _freed(self, m: Module) -> Value:
        """Rows that the end of a pass leaves to others: its own, and those that it had kept."""
        copy = m.submodules.copy
        if not self._program.shares:
            return copy.head.stored
        held, again = Signal(range(self._program.limits["program"] + 1)), Signal()
        keeps, rows = copy.head.keeps, Signal.like(held)
        m.d.comb += [
            rows.eq(held + copy.head.stored),
            copy.again.eq(again),
            self.leaves.eq(copy.head.leaves),
            self.awaits.eq(copy.head.awaits),
        ]
        with m.If(self.end):
            m.d.sync += [held.eq(Mux(keeps, rows, 0)), again.eq(keeps)]
        return Mux(keeps, 0, rows)

    def _filled(self, m: Module, released) -> Signal:
        """Ask for frames for as long as there is room; whether all words have come and count."""
        program, frames = self._program, self.frames
        depth, frame = program.limits["program"], program.limits["frame"]
        words = program.frame_words
        room = Signal(range(depth + 1), init=depth)
        coming = Signal(range(depth * program.row_words + 1))
        quiet, settled = Signal(), Signal(_COUNTED - 1)
        filled = Signal()
        taken = frames.ask & frames.taken
        m.d.comb += [
            frames.ask.eq(room >= frame),
            quiet.eq(~frames.ask & (coming == 0)),
        ]
        m.d.sync += [
            room.eq(room + released - Mux(taken, frame, 0)),
            coming.eq(coming + Mux(taken, words, 0) - frames.valid),
            settled.eq(Cat(quiet, settled) & quiet.replicate(_COUNTED - 1)),
            # A register, since it goes far. Behind the end of a pass it is not known yet whether
            # there is room for another frame.
            filled.eq(quiet & settled.all() & ~self.end),
        ]
        return filled
