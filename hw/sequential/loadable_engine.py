"""Loadable engine: a sequential engine whose program is loaded into a memory of its own."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import stream
from amaranth.lib.data import View
from amaranth.lib.wiring import In, Out, connect, flipped

from threefold.plan.units.sequential import SequentialUnit

from ..component import component
from .engine import SequentialEngine
from .program_engine import ProgramEngine
from .program_memory import ProgramMemory

__all__ = ["LoadableEngine"]


class LoadableEngine(ProgramEngine):
    """Engine with contents from outside, which stay until others are loaded.

    An image does not begin before they are there, nor they before the last one has left.

    Parameters
    ----------
    plan : SequentialUnit
        With limits.

    Members
    -------
    load : In(stream.Signature(8)), fingerprint : In(32), loaded : Out(1), refused : Out(1)
        Those of :class:`~threefold.hw.sequential.load_port.LoadPort`.

    The others are those of :class:`SequentialEngine`.
    """

    @staticmethod
    def members_of(plan: SequentialUnit) -> dict:
        return {
            "load": In(stream.Signature(8)),
            "fingerprint": In(32),
            "loaded": Out(1),
            "refused": Out(1),
        }

    def add_contents(
        self, m: Module, *, begin: Signal, last: Signal, step: Signal, loading: Signal
    ) -> tuple[Value, View]:
        m.submodules.program = program = ProgramMemory(self.plan.program, self.plan.store)
        connect(m, flipped(self.load), program.load)
        begun = self._begun(m)
        ready = program.loaded & ~program.waiting
        self.connect_program(m, begin=begin, last=last)
        m.d.comb += [
            m.submodules.loader.enable.eq(loading & (begun | ready)),
            program.idle.eq(~begun),
            program.fingerprint.eq(self.fingerprint),
            self.loaded.eq(program.loaded),
            self.refused.eq(program.refused),
        ]
        if self.plan.array.copies:
            buffer = m.submodules.buffer
            m.d.comb += [
                buffer.start.eq(program.known),
                buffer.descriptor.eq(program.descriptor),
                program.ready.eq(buffer.ready),
            ]
        return program.start, program.descriptor

    def _begun(self, m: Module) -> Signal:
        """Whether an image has begun to enter and has not left."""
        begun = Signal()
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += begun.eq(1)
        with m.If(m.submodules.unloader.done):
            m.d.sync += begun.eq(0)
        return begun


@component.register
def _(unit: SequentialUnit) -> SequentialEngine:
    return (LoadableEngine if unit.loadable else SequentialEngine)(unit)
