"""Serial sums: products of a vector and a matrix of constants, a digit a cycle."""

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.units.serial import SerialUnit
from threefold.plan.unrolled.pipeline import slot

from ..register import registered
from .adder import SerialAdder

__all__ = ["SerialSums"]


class SerialSums(wiring.Component):
    """Pipeline of serial adders.

    It never waits. To stall it, wrap it in an ``EnableInserter``.

    Parameters
    ----------
    plan : SerialUnit

    Members
    -------
    i : In(ArrayLayout(digit, columns))
        Digits of a vector, the lowest first; behind its bits come zeros.
    first : In(1)
        They are the lowest digits.
    o : Out(ArrayLayout(digit, rows))
        Digits of the products, as many cycles later as the plan's ``sums_cycles``.
    """

    def __init__(self, plan: SerialUnit):
        self._plan = plan
        super().__init__(
            {
                "i": In(data.ArrayLayout(plan.digit, plan.layer.columns)),
                "first": In(1),
                "o": Out(data.ArrayLayout(plan.digit, plan.layer.rows)),
            }
        )

    @property
    def plan(self) -> SerialUnit:
        return self._plan

    def elaborate(self, platform):
        m = Module()
        plan = self._plan
        graph, path, inputs = plan.graph, plan.path, plan.graph.inputs
        last = slot(graph.depth, plan.levels)
        # Signals by the registers before them: where they are computed, and where they are read.
        there = {(n, 0): Value.cast(self.i[n]) for n in range(inputs)}
        first: list[Value] = [self.first]
        for place in range(last + 1):
            first.append(registered(m, f"first_{place}", first[place]))

        def at(signal: int, place: int) -> Value:
            if (signal, place) not in there:
                before = at(signal, place - 1)
                there[signal, place] = registered(m, f"signal_{signal}_{place}", before)
            return there[signal, place]

        for number, made in enumerate(path.sums, inputs):
            place = slot(int(graph.levels[number]), plan.levels)
            a, b = at(made.a, place), at(made.b, place)
            options = {"subtracts": made.subtracts, "carry": made.carry}
            there[number, place] = self._add(m, f"{number}", a, b, first[place], **options)
        count, index = Signal(range(plan.digits)), Signal(range(plan.digits))
        if plan.adds_constants:
            m.d.comb += index.eq(Mux(first[last + 1], 0, count))
            m.d.sync += count.eq(index + 1)
        for row, each in enumerate(path.outputs):
            value: Value = Const(0, plan.digit)
            if each.signal >= 0:
                value = at(each.signal, last + 1)
            value = ~value if each.complemented else value
            if each.constant:
                constant = Const(each.constant % 2**self._bits, self._bits)
                digit = constant.word_select(index, plan.digit)
                value = self._add(m, f"row_{row}", value, digit, first[last + 1])
            if plan.adds_constants:
                value = registered(m, f"row_{row}", value)
            m.d.comb += self.o[row].eq(value)
        return m

    @property
    def _bits(self) -> int:
        """Bits of a whole word."""
        return self._plan.digits * self._plan.digit

    def _add(self, m: Module, name: str, a: Value, b: Value, first: Value, **options) -> Signal:
        """A digit of a sum."""
        m.submodules[f"add_{name}"] = adder = SerialAdder(digit=self._plan.digit, **options)
        m.d.comb += [adder.a.eq(a), adder.b.eq(b), adder.first.eq(first)]
        return adder.o
