"""Stream adder: the sum of two streams of codes."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError
from threefold.plan.layers import codes_of
from threefold.plan.units.add import AddUnit

from .component import component
from .stream import lane_stream

__all__ = ["StreamAdder"]


class StreamAdder(wiring.Component):
    """Lane-by-lane sum of two streams, without a register, where two branches meet again.

    Parameters
    ----------
    a_max, b_max : int
        Largest codes of the inputs, at least 1; they make the widths.
    lanes : int
        Lanes of a beat.

    Members
    -------
    a : In(lane_stream(width of a_max, lanes))
    b : In(lane_stream(width of b_max, lanes))
        Both are accepted in the same cycle.
    o : Out(lane_stream(width of a_max + b_max, lanes))

    Raises
    ------
    PlanError
        If a largest code is less than 1.
    """

    def __init__(self, a_max: int, b_max: int, *, lanes: int):
        if min(a_max, b_max) < 1:
            raise PlanError(f"the largest codes to add must be at least 1, not {a_max} and {b_max}")
        self._a_max = a_max
        self._b_max = b_max
        self._lanes = lanes
        super().__init__(
            {
                "a": In(lane_stream(a_max.bit_length(), lanes)),
                "b": In(lane_stream(b_max.bit_length(), lanes)),
                "o": Out(lane_stream((a_max + b_max).bit_length(), lanes)),
            }
        )

    @property
    def a_max(self) -> int:
        return self._a_max

    @property
    def b_max(self) -> int:
        return self._b_max

    @property
    def lanes(self) -> int:
        return self._lanes

    def elaborate(self, platform):
        m = Module()

        m.d.comb += [
            self.o.valid.eq(self.a.valid & self.b.valid),
            self.a.ready.eq(self.b.valid & self.o.ready),
            self.b.ready.eq(self.a.valid & self.o.ready),
        ]
        for lane in range(self._lanes):
            m.d.comb += self.o.payload[lane].eq(self.a.payload[lane] + self.b.payload[lane])

        return m


@component.register
def _(unit: AddUnit) -> StreamAdder:
    a_max, b_max = (codes_of(tensor).max_code for tensor in unit.in_tensors)
    return StreamAdder(a_max, b_max, lanes=unit.lanes)
