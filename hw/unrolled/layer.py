"""Unrolled layer: a vector in, all its codes or logits out, a cycle apart."""

from amaranth.hdl import Cat, EnableInserter, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.units.unrolled import UnrolledUnit

from ..component import component
from ..family import family_of
from ..stream import lane_stream, shape_of
from .finish import finish_row
from .sums import Sums

__all__ = ["UnrolledArray", "UnrolledLayer"]


class UnrolledArray(wiring.Component):
    """Adders of a layer, and what makes codes or logits of their sums.

    It never waits. To stall it, wrap it in an ``EnableInserter``.

    Parameters
    ----------
    plan : UnrolledUnit

    Members
    -------
    i : In(ArrayLayout(code bits, columns))
        Codes of a vector.
    o : Out(ArrayLayout(shape, rows))
        Codes or signed logits, as many cycles later as the plan has latency.
    """

    def __init__(self, plan: UnrolledUnit):
        self._plan = plan
        entering, leaving = plan.inputs[0], plan.outputs[0]
        super().__init__(
            {
                "i": In(data.ArrayLayout(entering.bits, entering.lanes)),
                "o": Out(data.ArrayLayout(shape_of(leaving), leaving.lanes)),
            }
        )

    @property
    def plan(self) -> UnrolledUnit:
        return self._plan

    def elaborate(self, platform):
        m = Module()
        path = self._plan.datapath(family_of(platform))
        m.submodules.sums = sums = Sums(path, levels=self._plan.levels)
        m.d.comb += sums.i.eq(self.i)
        for row, output in enumerate(path.outputs):
            finish = finish_row(self._plan, row, output, len(sums.o[str(row)]))
            m.submodules[f"row_{row}"] = finish
            m.d.comb += [finish.i.eq(sums.o[str(row)]), self.o[row].eq(finish.o)]
        return m


class UnrolledLayer(wiring.Component):
    """Array of an unrolled layer between streams.

    Parameters
    ----------
    plan : UnrolledUnit

    Members
    -------
    i : In(lane_stream(code bits, columns))
        Vectors, or the pixels of maps.
    o : Out(lane_stream(shape, rows))
        Codes or signed logits of all rows at once.
    """

    def __init__(self, plan: UnrolledUnit):
        self._plan = plan
        entering, leaving = plan.inputs[0], plan.outputs[0]
        super().__init__(
            {
                "i": In(lane_stream(entering.bits, entering.lanes)),
                "o": Out(lane_stream(shape_of(leaving), leaving.lanes)),
            }
        )

    @property
    def plan(self) -> UnrolledUnit:
        return self._plan

    def elaborate(self, platform):
        m = Module()
        array = UnrolledArray(self._plan)
        advance, valid = Signal(), Signal(self._plan.latency)
        m.submodules.array = EnableInserter(advance)(array)
        m.d.comb += [
            advance.eq(~valid[-1] | self.o.ready),
            array.i.eq(self.i.payload),
            self.i.ready.eq(advance),
            self.o.valid.eq(valid[-1]),
            self.o.payload.eq(array.o),
        ]
        with m.If(advance):
            m.d.sync += valid.eq(Cat(self.i.valid, valid))
        return m


@component.register
def _(unit: UnrolledUnit) -> UnrolledLayer:
    return UnrolledLayer(unit)
