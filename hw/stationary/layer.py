"""Output-stationary layer: elements of vectors in, one a cycle; all sums of a vector out."""

import numpy as np
from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from threefold.fpga import Family
from threefold.plan.flips import flips_of
from threefold.plan.units.stationary import StationaryUnit

from ..component import component
from ..family import family_of
from ..lut_rom import LutRom
from ..masked_adder import Weight
from ..register import registered
from ..requantizer import Requantizer
from ..resizer import Serializer
from ..rom import rom
from ..stream import lane_stream, shape_of
from ..weight_memory import row_bits
from .accumulator import Accumulator

__all__ = ["StationaryArray", "StationaryLayer"]


class StationaryArray(wiring.Component):
    """Accumulators of all rows, the memory of their weights, and what counts elements.

    The memory has two rows besides those of the elements: one that lets accumulators be, and one
    that lets them begin again. So no logic is between it and them.

    Parameters
    ----------
    plan : StationaryUnit

    Members
    -------
    i : In(lane_stream(code bits, 1))
        Elements of vectors.
    o : Out(lane_stream(shape, rows))
        Accumulator values or signed logits of all rows.
    """

    def __init__(self, plan: StationaryUnit):
        self._plan = plan
        entering, values = plan.inputs[0], plan.values
        super().__init__(
            {
                "i": In(lane_stream(entering.bits, 1)),
                "o": Out(lane_stream(shape_of(values), values.lanes)),
            }
        )

    @property
    def plan(self) -> StationaryUnit:
        return self._plan

    def elaborate(self, platform):
        m = Module()
        plan, columns = self._plan, self._plan.layer.columns
        held, code_held = Signal(), Signal(plan.inputs[0].bits, reset_less=True)
        waits, full, fresh = Signal(), Signal(), Signal(init=1)
        issue, ends, clear = Signal(), Signal(), Signal()
        index = Signal(range(columns))
        m.d.comb += [
            issue.eq(held & ~waits & ~full),
            ends.eq(index == columns - 1),
            clear.eq(fresh | (full & self.o.ready)),
            self.i.ready.eq(~held | issue),
            self.o.valid.eq(full),
        ]
        m.d.sync += [
            fresh.eq(0),
            waits.eq(issue & ends),
            full.eq(waits | (full & ~self.o.ready)),
        ]
        with m.If(self.i.ready):
            m.d.sync += [held.eq(self.i.valid), code_held.eq(self.i.payload.as_value())]
        with m.If(issue):
            m.d.sync += index.eq(Mux(ends, 0, index + 1))

        steps, starts = _additions(plan, family_of(platform))
        address = Signal(range(len(steps)))
        m.d.comb += address.eq(Mux(clear, columns + 1, Mux(issue, index, columns)))
        values = self._read(m, steps, address, family_of(platform))
        row = data.View(data.ArrayLayout(Weight, plan.layer.rows), values)
        code, begin = registered(m, "code", code_held), registered(m, "begin", clear)
        borders = plan.borders(family_of(platform))
        rows = zip(plan.row_bits, borders, starts, strict=True)
        for number, (bits, border, start) in enumerate(rows):
            kept = bits - (border is not None)
            accumulator = Accumulator(bits=plan.inputs[0].bits, sum_bits=kept, init=start)
            m.submodules[f"row_{number}"] = accumulator
            total = accumulator.o
            if border is not None:
                total = Cat(total, total[-4:] >= border)
            m.d.comb += [
                accumulator.i.eq(code),
                accumulator.enable.eq(row[number].nonzero),
                accumulator.complement.eq(row[number].negative),
                accumulator.clear.eq(begin),
                self.o.payload[number].eq(total.as_signed() if plan.values.signed else total),
            ]
        return m

    def _read(self, m: Module, rows: list[int], address: Value, family: Family) -> Value:
        """The row that was addressed in the cycle before."""
        plan, width = self._plan, 2 * self._plan.layer.rows
        if family.lut_tree and not plan.in_block(family):
            m.submodules.steps = port = LutRom(width, rows)
        else:
            kind = "block" if plan.in_block(family) else "lut"
            m.submodules.steps = table = rom(width, rows, kind)
            port = table.read_port()
        m.d.comb += port.addr.eq(address)
        return port.data


def _additions(plan: StationaryUnit, family: Family) -> tuple[list[int], list[int]]:
    """Rows of the memory, and what accumulators begin with."""
    steps, starts = plan.matrix, plan.offsets + (plan.matrix == -1).sum(axis=1)
    if family.masked_carry is None:
        steps, complemented = flips_of(plan.matrix)
        starts = np.where(complemented, ~plan.offsets, plan.offsets)
    rows = [*steps.T, np.zeros(len(steps), np.int8), np.ones(len(steps), np.int8)]
    return [row_bits(row) for row in rows], starts.tolist()


class StationaryLayer(wiring.Component):
    """Array of an output-stationary layer, and what its sums leave by.

    Parameters
    ----------
    plan : StationaryUnit

    Members
    -------
    i : In(lane_stream(code bits, 1))
        Elements of vectors, or of the pixels of maps.
    o : Out(lane_stream(shape, lanes))
        Codes or signed logits.
    """

    def __init__(self, plan: StationaryUnit):
        self._plan = plan
        entering, leaving = plan.inputs[0], plan.outputs[0]
        super().__init__(
            {
                "i": In(lane_stream(entering.bits, 1)),
                "o": Out(lane_stream(shape_of(leaving), leaving.lanes)),
            }
        )

    @property
    def plan(self) -> StationaryUnit:
        return self._plan

    def elaborate(self, platform):
        m = Module()
        plan, layer = self._plan, self._plan.layer
        m.submodules.array = array = StationaryArray(plan)
        connect(m, flipped(self.i), array.i)
        values = array.o
        if plan.beats > 1:
            m.submodules.drain = drain = Serializer(
                shape_of(plan.values), i_lanes=layer.rows, o_lanes=plan.lanes, decoupled=True
            )
            connect(m, values, drain.i)
            values = drain.o
        if layer.thresholds is not None:
            m.submodules.output = finish = Requantizer(
                layer.thresholds,
                accumulator_bits=layer.accumulator_bits,
                lanes=plan.lanes,
                form=plan.form,
                even=layer.even if plan.form == "divider" else None,
                pixels=1,
                pe=layer.rows,
                narrower=[],
            )
            connect(m, values, finish.i)
            values = finish.o
        connect(m, values, flipped(self.o))
        return m


@component.register
def _(unit: StationaryUnit) -> StationaryLayer:
    return StationaryLayer(unit)
