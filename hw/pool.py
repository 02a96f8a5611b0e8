"""Pool: the largest code of each window, or the sum of its codes."""

from amaranth.hdl import EnableInserter, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from threefold.plan.units.pool import PoolUnit

from .component import component
from .stream import lane_stream
from .window_reader import WindowReader

__all__ = ["PoolEngine", "Reducer"]


class Reducer(wiring.Component):
    """Maximum or sum of the words of each result, lane by lane.

    The pipeline never waits. To stall it, wrap it in an ``EnableInserter``.

    Parameters
    ----------
    bits, out_bits : int
        Widths of a code and of a result.
    lanes : int
    sums : bool
        Whether results are sums, and not the largest codes.

    Members
    -------
    valid, last : In(1)
        There is a word, the last of its result.
    word : In(ArrayLayout(bits, lanes))
    o : Out(lane_stream(out_bits, lanes))
        Results, one cycle after their last word. ``ready`` is not looked at: the wrapper stops
        the pipeline.
    """

    def __init__(self, *, bits: int, out_bits: int, lanes: int, sums: bool):
        self._lanes = lanes
        self._sums = sums
        super().__init__(
            {
                "valid": In(1),
                "last": In(1),
                "word": In(data.ArrayLayout(bits, lanes)),
                "o": Out(lane_stream(out_bits, lanes)),
            }
        )

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def sums(self) -> bool:
        return self._sums

    def elaborate(self, platform):
        m = Module()

        first = Signal(init=1)
        m.d.sync += self.o.valid.eq(self.valid & self.last)
        with m.If(self.valid):
            m.d.sync += first.eq(self.last)
            for lane in range(self._lanes):
                code, so_far = self.word[lane], self.o.payload[lane]
                if self._sums:
                    merged = Mux(first, 0, so_far) + code
                else:
                    merged = Mux(first | (code > so_far), code, so_far)
                m.d.sync += so_far.eq(merged)

        return m


class PoolEngine(wiring.Component):
    """Pool over maps that arrive as a stream.

    Parameters
    ----------
    plan : PoolUnit

    Members
    -------
    i : In(lane_stream(code bits, lanes))
    o : Out(lane_stream(result bits, lanes))
    """

    def __init__(self, plan: PoolUnit):
        self._plan = plan
        super().__init__(
            {
                "i": In(lane_stream(plan.inputs[0].bits, plan.lanes)),
                "o": Out(lane_stream(plan.outputs[0].bits, plan.lanes)),
            }
        )

    @property
    def plan(self) -> PoolUnit:
        return self._plan

    def elaborate(self, platform):
        m = Module()

        plan, bits = self._plan, self._plan.inputs[0].bits
        advance = Signal()
        m.submodules.reader = reader = WindowReader(
            bits=bits,
            lanes=plan.lanes,
            depth=plan.depth,
            memory=plan.memory,
            walk=plan.walk,
            program=plan.program,
            pad_code=0,
        )
        reducer = Reducer(
            bits=bits, out_bits=plan.outputs[0].bits, lanes=plan.lanes, sums=plan.layer.sums
        )
        m.submodules.reducer = EnableInserter(advance)(reducer)

        connect(m, flipped(self.i), reader.i)
        m.d.comb += [
            advance.eq(~self.o.valid | self.o.ready),
            reader.advance.eq(advance),
            reducer.valid.eq(reader.valid),
            reducer.last.eq(reader.last),
            reducer.word.eq(reader.data),
        ]
        connect(m, reducer.o, flipped(self.o))

        return m


@component.register
def _(unit: PoolUnit) -> PoolEngine:
    return PoolEngine(unit)
