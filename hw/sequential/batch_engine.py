"""Batch engine: a streamed engine whose images share what is read of the weights."""

from amaranth.hdl import Module, Mux, Signal

from threefold.plan.units.streamed_batch import StreamedBatchUnit

from ..component import component
from .streamed_engine import StreamedEngine

__all__ = ["BatchEngine"]


class BatchEngine(StreamedEngine):
    """Engine of several images, whose passes take turns as their program says.

    What waits for an image that enters, or for one to leave, goes on with a full memory of program.

    Parameters
    ----------
    plan : StreamedBatchUnit
        With limits.

    Members are those of :class:`~threefold.hw.sequential.streamed_engine.StreamedEngine`.
    """

    def add_phases(
        self, m: Module, *, loading: Signal, step: Signal
    ) -> tuple[Signal, Signal, Signal]:
        """As that of a streamed engine, for as many images as there are in a batch.

        A pass behind which an image leaves, or which another image has to follow, ends a stretch.
        """
        program = self.add_program(m)
        begin, last, done, leaving = Signal(), Signal(), Signal(), Signal()
        image, entered, busy, awaits = Signal(), Signal(), Signal(), Signal(init=1)
        loader, finish, unloader = (
            getattr(m.submodules, name) for name in ("loader", "finish", "unloader")
        )
        m.d.comb += [
            done.eq(finish.moves.pass_end),
            image.eq((loader.done | entered | ~awaits) & ~busy & program.full),
            begin.eq(image | (done & ~program.leaves & ~program.awaits)),
        ]
        m.d.sync += entered.eq((loader.done | entered) & ~(image & awaits))
        with m.If(unloader.done & last & ~entered):
            m.d.sync += loading.eq(1)
        with m.If(loader.done):
            m.d.sync += loading.eq(0)
        with m.If(image):
            m.d.sync += busy.eq(1)
        with m.If(done):
            m.d.sync += [
                step.eq(Mux(last, 0, step + 1)),
                leaving.eq(program.leaves),
                awaits.eq(program.awaits),
                busy.eq(program.leaves | ~program.awaits),
            ]
        with m.If(unloader.done):
            m.d.sync += [leaving.eq(0), busy.eq(0)]
        return begin, last, leaving


@component.register
def _(unit: StreamedBatchUnit) -> BatchEngine:
    return BatchEngine(unit)
