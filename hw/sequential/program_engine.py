"""Program engine: a sequential engine whose passes write what they work by."""

from amaranth.hdl import Module, Signal

from .engine import SequentialEngine
from .loadable_logits import LoadableLogits

__all__ = ["ProgramEngine"]


class ProgramEngine(SequentialEngine):
    """Engine whose tiles, thresholds and weights come from a program, wherever that is."""

    def logits(self, m: Module) -> LoadableLogits:
        return LoadableLogits(self.plan.program)

    def connect_program(self, m: Module, *, begin: Signal, last: Signal) -> None:
        """Connect the submodule ``program`` to what works by it.

        Parameters
        ----------
        m : Module
        begin : Signal
            A pass begins.
        last : Signal
            Driven here: whether it is the last.
        """
        sequencer, program, unloader = (
            getattr(m.submodules, name) for name in ("sequencer", "program", "unloader")
        )
        m.d.comb += [
            program.begin.eq(begin),
            last.eq(program.last),
            program.address.eq(sequencer.weights),
            m.submodules.array.weights.eq(program.weights),
            sequencer.written.eq(program.tile),
            m.submodules.finish.written.eq(program.threshold),
        ]
        if self.plan.contents.offsets is None:
            m.d.comb += unloader.base.eq(program.descriptor.place)
        else:
            m.d.comb += m.submodules.logits.written.eq(program.threshold)
