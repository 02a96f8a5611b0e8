"""Streamed engine: a sequential engine whose program comes from outside for each image."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib.data import View
from amaranth.lib.wiring import Out, connect, flipped

from threefold.plan.sequential import Feed
from threefold.plan.units.sequential import SequentialUnit
from threefold.plan.units.streamed import StreamedUnit

from ..component import component
from ..frames import FrameSignature
from .program_engine import ProgramEngine
from .program_stream import ProgramStream
from .streamed_logits import StreamedLogits

__all__ = ["StreamedEngine"]


class StreamedEngine(ProgramEngine):
    """Engine of a network that may be larger than the chip.

    An image does not enter, and none leaves, before as much of the program has come as there is
    room for.

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
        logits = StreamedLogits(self.plan.program)
        m.d.comb += logits.image.eq(m.submodules.loader.done)
        return logits

    def may_leave(self, m: Module) -> Value:
        program = m.submodules.program
        return program.full & ~program.wrong

    def add_contents(
        self, m: Module, *, begin: Signal, last: Signal, step: Signal, loading: Signal
    ) -> tuple[Value, View]:
        assert isinstance(self.plan, StreamedUnit)
        m.submodules.program = program = ProgramStream(self.plan.program)
        connect(m, program.frames, flipped(self.frames))
        begun, loader = self.begun(m), m.submodules.loader
        self.connect_program(m, begin=begin, last=last)
        m.d.comb += [
            loader.enable.eq(loading & (begun | (program.full & ~program.wrong))),
            program.end.eq(m.submodules.finish.moves.pass_end),
            program.image.eq(loader.done),
            self.wrong.eq(program.wrong),
        ]
        if self.plan.contents.offsets is not None:
            m.d.comb += m.submodules.logits.values.eq(program.descriptor.values)
        m.d.sync += self.loaded.eq((program.full | self.loaded) & ~program.wrong)
        return program.start, program.descriptor


@component.register
def _(unit: StreamedUnit) -> StreamedEngine:
    return StreamedEngine(unit)
