"""Serial layer: vectors in, held until their last digit is read; all results of a vector out."""

from collections.abc import Sequence
from math import ceil

from amaranth.hdl import Cat, EnableInserter, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from threefold.plan.units.serial import SerialUnit
from threefold.plan.unrolled.datapath import Output

from ..component import component
from ..resizer import Deserializer
from ..stream import lane_stream, shape_of
from ..unrolled.finish import finish_row
from .sums import SerialSums

__all__ = ["SerialFinish", "SerialLayer"]


class SerialFinish(wiring.Component):
    """Codes, or logits, of the products of all rows.

    It never waits. To stall it, wrap it in an ``EnableInserter``.

    Parameters
    ----------
    plan : SerialUnit

    Members
    -------
    i : In(ArrayLayout(bits, rows))
        Products, modulo 2^bits.
    o : Out(ArrayLayout(shape, rows))
        Codes or signed logits, as many cycles later as the plan's ``finish_latency``.
    """

    def __init__(self, plan: SerialUnit):
        self._plan = plan
        leaving = plan.outputs[0]
        super().__init__(
            {
                "i": In(data.ArrayLayout(plan.product_bits, leaving.lanes)),
                "o": Out(data.ArrayLayout(shape_of(leaving), leaving.lanes)),
            }
        )

    @property
    def plan(self) -> SerialUnit:
        return self._plan

    def elaborate(self, platform):
        m = Module()
        plan, bits = self._plan, self._plan.product_bits
        if not plan.finish_latency:
            m.d.comb += [
                leaving.eq(product.as_signed())
                for leaving, product in zip(self.o, self.i, strict=True)
            ]
            return m
        # With its sign inverted a product is unsigned, and above itself by half of the range.
        half = 1 << bits - 1
        for row in range(plan.layer.rows):
            output = Output(row, half, -half, half - 1)
            finish = finish_row(plan, row, output, bits)
            m.submodules[f"row_{row}"] = finish
            m.d.comb += [
                finish.i.eq(Cat(self.i[row][:-1], ~self.i[row][-1])),
                self.o[row].eq(finish.o),
            ]
        return m


class SerialLayer(wiring.Component):
    """Serial sums of a layer between streams.

    Parameters
    ----------
    plan : SerialUnit

    Members
    -------
    i : In(lane_stream(code bits, columns))
        Vectors, or the pixels of maps; accepted with their last digit.
    o : Out(lane_stream(shape, rows))
        Codes or signed logits of all rows at once.
    """

    def __init__(self, plan: SerialUnit):
        self._plan = plan
        entering, leaving = plan.inputs[0], plan.outputs[0]
        super().__init__(
            {
                "i": In(lane_stream(entering.bits, entering.lanes)),
                "o": Out(lane_stream(shape_of(leaving), leaving.lanes)),
            }
        )

    @property
    def plan(self) -> SerialUnit:
        return self._plan

    def elaborate(self, platform):
        m = Module()
        plan = self._plan
        sums, rows = SerialSums(plan), plan.layer.rows
        m.submodules.gather = gather = Deserializer(
            plan.digit, i_lanes=rows, o_lanes=rows * plan.digits
        )
        advance, valid = Signal(), Signal(plan.graph_cycles)
        place, ends = Signal(range(plan.digits)), Signal()
        m.submodules.sums = EnableInserter(advance)(sums)
        m.d.comb += [
            advance.eq(~valid[-1] | gather.i.ready),
            ends.eq(place == plan.digits - 1),
            self.i.ready.eq(advance & ends),
            gather.i.valid.eq(valid[-1]),
            gather.i.payload.eq(sums.o),
        ]
        # A register separates what selects from the adders, and is cleared behind the last digit
        # of a code: that takes no LUT.
        digits = ceil(plan.inputs[0].bits / plan.digit)
        index, beyond, first = place[: bits_for(digits - 1)], Signal(), Signal()
        m.d.comb += [beyond.eq(place >= digits), sums.first.eq(first)]
        read, chosen = (Signal.like(sums.i.as_value(), name=name) for name in ("read", "chosen"))
        m.d.comb += sums.i.as_value().eq(read)
        for column, code in enumerate(self.i.payload):
            there = [code[n * plan.digit :][: plan.digit] for n in range(digits)]
            m.d.comb += chosen.word_select(column, plan.digit).eq(_chosen(there, index))
        with m.If(advance):
            m.d.sync += first.eq(place == 0)
        with m.If(advance & beyond):
            m.d.sync += read.eq(0)
        with m.Elif(advance):
            m.d.sync += read.eq(chosen)
        with m.If(advance):
            m.d.sync += valid.eq(Cat(self.i.valid, valid))
            with m.If(self.i.valid):
                m.d.sync += place.eq(Mux(ends, 0, place + 1))
        products = [Cat(gather.o.payload[row::rows])[: plan.product_bits] for row in range(rows)]
        self._finish(m, gather, Cat(products))
        return m

    def _finish(self, m: Module, gather: Deserializer, products) -> None:
        """What is behind the products, in a pipeline of its own."""
        plan = self._plan
        finish, cycles = SerialFinish(plan), plan.finish_latency
        m.d.comb += [finish.i.eq(products), self.o.payload.eq(finish.o)]
        if not cycles:
            m.submodules.finish = finish
            m.d.comb += [self.o.valid.eq(gather.o.valid), gather.o.ready.eq(self.o.ready)]
            return
        advance, valid = Signal(), Signal(cycles, name="finished")
        m.submodules.finish = EnableInserter(advance)(finish)
        m.d.comb += [
            advance.eq(~valid[-1] | self.o.ready),
            gather.o.ready.eq(advance),
            self.o.valid.eq(valid[-1]),
        ]
        with m.If(advance):
            m.d.sync += valid.eq(Cat(gather.o.valid, valid))


def _chosen(values: Sequence[Value], index: Value) -> Value:
    """The value of an index, in trees of multiplexers of four, each of two LUTs of four inputs."""
    if len(values) == 1:
        return values[0]
    if len(values) == 2:
        return Mux(index[0], values[1], values[0])
    if len(values) > 4:
        half = 1 << (len(values) - 1).bit_length() - 1
        below = _chosen(values[:half], index)
        return Mux(index[half.bit_length() - 1], _chosen(values[half:], index), below)
    low, high = index[0].replicate(len(values[0])), values[-1] if len(values) < 4 else values[3]
    below = Mux(index[1], low, Mux(index[0], values[1], values[0]))
    return Mux(index[1], (below & high) | (~below & values[2]), below)


@component.register
def _(unit: SerialUnit) -> SerialLayer:
    return SerialLayer(unit)
