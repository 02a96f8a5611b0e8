"""Streamed engine: a sequential engine whose program comes from outside for each image."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib.data import View
from amaranth.lib.wiring import Out, PureInterface, connect, flipped

from threefold.plan.sequential import Feed
from threefold.plan.units.sequential import SequentialUnit
from threefold.plan.units.streamed import StreamedUnit

from ..component import component
from ..frames import FrameSignature
from ..skid_buffer import SkidBuffer
from ..stream import shape_of
from .loadable_logits import LoadableLogits
from .parted_buffer import PartedBuffer
from .program_engine import ProgramEngine
from .program_stream import ProgramStream
from .streamed_logits import StreamedLogits

__all__ = ["StreamedEngine"]


class StreamedEngine(ProgramEngine):
    """Engine of a network that may be larger than the chip.

    The first image enters when as much of the program has come as there is room for, and none
    leaves before that is so again. The next enters while passes are still under way, from the end
    of the one that says so; if none does, when the one before has left.

    Parameters
    ----------
    plan : StreamedUnit
        With limits.

    Members
    -------
    frames : Out(FrameSignature(word bits))
        Words of :attr:`~threefold.plan.units.sequential.SequentialUnit.program`, over and over.
    loaded : Out(1)
        As many have come as there is room for, and none was wrong.
    wrong : Out(1)
        One was. Nothing leaves from then on until a reset.

    The others are those of :class:`~threefold.hw.sequential.engine.SequentialEngine`.
    """

    @staticmethod
    def members_of(plan: SequentialUnit) -> dict:
        assert isinstance(plan, StreamedUnit)
        frames = FrameSignature(Feed.of(plan.feed).bits)
        return {"frames": Out(frames), "loaded": Out(1), "wrong": Out(1)}

    def logits(self, m: Module) -> StreamedLogits:
        return StreamedLogits(self.plan.program, self.plan.memory)

    def leaving(self, m: Module, logits: LoadableLogits) -> PureInterface:
        # Who takes them is far, and whether they are taken decides what all passes do.
        taken = shape_of(self.plan.outputs[0])
        m.submodules.leave = leave = SkidBuffer(taken, lanes=1)
        connect(m, logits.o, leave.i)
        return leave.o

    def map_buffer(self) -> PartedBuffer:
        return PartedBuffer(self.plan.contents, self.plan.memory)

    def connect_writes(self, m: Module, loading: Signal) -> None:
        buffer, finish, writer, loader = (
            getattr(m.submodules, name) for name in ("buffer", "finish", "writer", "loader")
        )
        # Memories are far: what is written has a cycle of its own, unless it may leave at once.
        domain = m.d.comb if self.plan.contents.offsets is None else m.d.sync
        domain += [
            buffer.enters.eq(loading),
            buffer.entering.write.eq(loader.write),
            buffer.entering.bank.eq(loader.bank),
            buffer.entering.place.eq(loader.place),
            buffer.entering.word.eq(loader.word),
            buffer.write.eq(finish.moves.write),
            buffer.bank.eq(writer.bank),
            buffer.place.eq(writer.place),
            buffer.word.eq(finish.word),
        ]

    def add_phases(
        self, m: Module, *, loading: Signal, step: Signal
    ) -> tuple[Signal, Signal, Signal]:
        """As that of any engine, but for the next image, which enters as soon as there is room.

        Its passes begin when the last map of the one before has left.
        """
        self.add_program(m)
        begin, last, done, leaving = Signal(), Signal(), Signal(), Signal()
        image, entered, busy = Signal(), Signal(), Signal()
        loader, finish, unloader = (
            getattr(m.submodules, name) for name in ("loader", "finish", "unloader")
        )
        m.d.comb += [
            done.eq(finish.moves.pass_end),
            image.eq((loader.done | entered) & ~busy),
            begin.eq(image | (done & ~last)),
        ]
        m.d.sync += entered.eq((loader.done | entered) & ~image)
        with m.If(unloader.done & ~entered):
            m.d.sync += loading.eq(1)
        with m.If(loader.done):
            m.d.sync += loading.eq(0)
        with m.If(image):
            m.d.sync += busy.eq(1)
        with m.If(done):
            m.d.sync += [step.eq(Mux(last, 0, step + 1)), leaving.eq(last)]
        with m.If(unloader.done):
            m.d.sync += [leaving.eq(0), busy.eq(0)]
        return begin, last, leaving

    def add_program(self, m: Module) -> ProgramStream:
        """Add the submodule ``program``."""
        assert isinstance(self.plan, StreamedUnit)
        m.submodules.program = program = ProgramStream(self.plan.program)
        return program

    def may_leave(self, m: Module) -> Value:
        program = m.submodules.program
        return program.full & ~program.wrong

    def add_contents(
        self, m: Module, *, begin: Signal, last: Signal, step: Signal, loading: Signal
    ) -> tuple[Value, View]:
        program = m.submodules.program
        connect(m, program.frames, flipped(self.frames))
        loader, ends = m.submodules.loader, m.submodules.finish.moves.pass_end
        self.connect_program(m, begin=begin, last=last)
        m.d.comb += [
            loader.enable.eq(loading & self.loaded & ~program.wrong),
            program.end.eq(ends),
            program.image.eq(begin & ~ends),
            self.wrong.eq(program.wrong),
        ]
        if self.plan.contents.offsets is not None:
            m.d.comb += [
                m.submodules.logits.image.eq(program.image),
                m.submodules.logits.values.eq(program.descriptor.values),
            ]
        m.d.sync += self.loaded.eq((program.full | self.loaded) & ~program.wrong)
        with m.If(ends & program.descriptor.opens):
            m.d.sync += loading.eq(1)
        return program.start, program.descriptor


@component.register
def _(unit: StreamedUnit) -> StreamedEngine:
    return StreamedEngine(unit)
