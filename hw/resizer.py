"""Resizers: serializer and deserializer of a stream's lanes."""

from amaranth.hdl import Cat, Module, ShapeLike, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from threefold.errors import PlanError
from threefold.plan.units import connectors

from .component import component
from .family import family_of
from .lut_selector import LutSelector
from .stream import lane_stream, shape_of

__all__ = ["Deserializer", "Serializer"]


class Serializer(wiring.Component):
    """Serializer of each beat of many lanes into several beats of few, first lanes first.

    The parts of a beat move one place at a time. Where :meth:`~threefold.fpga.Family.selects` says
    that multiplexers take fewer LUTs, they stay where they are, and are selected.

    Parameters
    ----------
    shape : shape-like
        Shape of a lane.
    i_lanes : int
        Lanes of the input.
    o_lanes : int
        Lanes of the output, a divisor of ``i_lanes``.
    decoupled : bool
        A new beat is accepted in the cycle after that in which the last part of the one before
        leaves: no path leads from the ready of the output to that of the input. Otherwise it is
        accepted in the same cycle, so that the output has no gap while the input has none.

    Members
    -------
    i : In(lane_stream(shape, i_lanes))
    o : Out(lane_stream(shape, o_lanes))

    Raises
    ------
    PlanError
        If ``o_lanes`` does not divide ``i_lanes``.
    """

    def __init__(self, shape: ShapeLike, *, i_lanes: int, o_lanes: int, decoupled: bool = False):
        if o_lanes < 1 or i_lanes % o_lanes:
            raise PlanError(f"a serializer's output must divide {i_lanes} lanes, not {o_lanes}")
        self._ratio = i_lanes // o_lanes
        self._decoupled = decoupled
        super().__init__(
            {"i": In(lane_stream(shape, i_lanes)), "o": Out(lane_stream(shape, o_lanes))}
        )

    @property
    def ratio(self) -> int:
        """Output beats for one input beat."""
        return self._ratio

    @property
    def decoupled(self) -> bool:
        return self._decoupled

    def elaborate(self, platform):
        m = Module()

        width = len(self.o.payload.as_value())
        parts = Signal(self._ratio * width, reset_less=True)
        left = Signal(range(self._ratio + 1))
        selects = family_of(platform).selects(self._ratio)

        m.d.comb += [
            self.o.valid.eq(left != 0),
            self.o.payload.as_value().eq(
                self._selected(m, parts, left) if selects else parts[:width]
            ),
            self.i.ready.eq(left == 0),
        ]
        if not self._decoupled:
            with m.If((left == 1) & self.o.ready):
                m.d.comb += self.i.ready.eq(1)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [parts.eq(self.i.payload.as_value()), left.eq(self._ratio)]
        with m.Elif(self.o.valid & self.o.ready):
            m.d.sync += left.eq(left - 1)
            if not selects:
                m.d.sync += parts.eq(parts[width:])

        return m

    def _selected(self, m: Module, parts: Signal, left: Signal) -> Signal:
        """The part that is next when so many are left; a power of two of them counts as none."""
        width, bits = len(parts) // self._ratio, ceil_log2(self._ratio)
        m.submodules.selector = selector = LutSelector(width, 2**bits)
        for number in range(2**bits):
            part = max(0, self._ratio - (number or 2**bits))
            m.d.comb += selector.i[number].eq(parts.word_select(part, width))
        m.d.comb += selector.select.eq(left)
        return selector.o


class Deserializer(wiring.Component):
    """Deserializer of several beats of few lanes into one of many, first lanes first.

    Parameters
    ----------
    shape : shape-like
        Shape of a lane.
    i_lanes : int
        Lanes of the input, a divisor of ``o_lanes``.
    o_lanes : int
        Lanes of the output.

    Members
    -------
    i : In(lane_stream(shape, i_lanes))
    o : Out(lane_stream(shape, o_lanes))

    Raises
    ------
    PlanError
        If ``i_lanes`` does not divide ``o_lanes``.
    """

    def __init__(self, shape: ShapeLike, *, i_lanes: int, o_lanes: int):
        if i_lanes < 1 or o_lanes % i_lanes:
            raise PlanError(f"a deserializer's input must divide {o_lanes} lanes, not {i_lanes}")
        self._ratio = o_lanes // i_lanes
        super().__init__(
            {"i": In(lane_stream(shape, i_lanes)), "o": Out(lane_stream(shape, o_lanes))}
        )

    @property
    def ratio(self) -> int:
        """Input beats for one output beat."""
        return self._ratio

    def elaborate(self, platform):
        m = Module()

        width = len(self.i.payload.as_value())
        parts = Signal(self._ratio * width, reset_less=True)
        count = Signal(range(self._ratio + 1))
        full = Signal()

        m.d.comb += [
            full.eq(count == self._ratio),
            self.o.valid.eq(full),
            self.o.payload.as_value().eq(parts),
            self.i.ready.eq(~full | self.o.ready),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += parts.eq(Cat(parts, self.i.payload.as_value())[width:])
        with m.If(full & self.o.ready):
            m.d.sync += count.eq(self.i.valid)
        with m.Elif(~full & self.i.valid):
            m.d.sync += count.eq(count + 1)

        return m


@component.register
def _(block: connectors.Serializer) -> Serializer:
    return Serializer(shape_of(block.type), i_lanes=block.type.lanes, o_lanes=block.lanes)


@component.register
def _(block: connectors.Deserializer) -> Deserializer:
    return Deserializer(shape_of(block.type), i_lanes=block.type.lanes, o_lanes=block.lanes)
