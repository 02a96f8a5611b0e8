"""Fork: one stream for several readers."""

from amaranth.hdl import Cat, Module, ShapeLike, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError
from threefold.plan.units import connectors

from .component import component
from .stream import lane_stream, shape_of

__all__ = ["Fork"]


class Fork(wiring.Component):
    """Fork of a stream: every output takes each beat once, in its own time.

    A beat is accepted in the cycle in which the last output takes it. It adds no latency.

    Parameters
    ----------
    shape : shape-like
        Shape of a lane.
    lanes : int
        Lanes of a beat.
    outputs : int
        At least 1.

    Members
    -------
    i : In(lane_stream(shape, lanes))
    o : Out(lane_stream(shape, lanes)).array(outputs)
        The valid of one does not depend on the ready of another.

    Raises
    ------
    PlanError
        If ``outputs`` is less than 1.
    """

    def __init__(self, shape: ShapeLike, *, lanes: int, outputs: int):
        if outputs < 1:
            raise PlanError(f"a fork needs at least 1 output, not {outputs}")
        self._shape = shape
        self._lanes = lanes
        self._outputs = outputs
        super().__init__(
            {
                "i": In(lane_stream(shape, lanes)),
                "o": Out(lane_stream(shape, lanes)).array(outputs),
            }
        )

    @property
    def shape(self) -> ShapeLike:
        return self._shape

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def outputs(self) -> int:
        return self._outputs

    def elaborate(self, platform):
        m = Module()

        taken, done = Signal(self._outputs), Signal(self._outputs)

        m.d.comb += [
            done.eq(taken | Cat(o.ready for o in self.o)),
            self.i.ready.eq(done.all()),
        ]
        for index, o in enumerate(self.o):
            m.d.comb += [
                o.valid.eq(self.i.valid & ~taken[index]),
                o.payload.eq(self.i.payload),
            ]
        with m.If(self.i.valid):
            m.d.sync += taken.eq(done)
            with m.If(self.i.ready):
                m.d.sync += taken.eq(0)

        return m


@component.register
def _(block: connectors.Fork) -> Fork:
    return Fork(shape_of(block.type), lanes=block.type.lanes, outputs=block.readers)
