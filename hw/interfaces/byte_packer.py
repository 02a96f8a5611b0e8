"""Byte packer: lanes from bytes."""

from amaranth.hdl import Cat, Module, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError

__all__ = ["BytePacker"]


class BytePacker(wiring.Component):
    """Packer of bytes into lanes, one byte a lane, the first byte into lane 0.

    Of each byte the low bits count. A beat of one lane passes in the cycle in which it comes. One
    of several takes one cycle more than it has lanes, and no path leads from one ready to the
    other.

    Parameters
    ----------
    width : int
        Bits of a lane, 1 to 8.
    lanes : int
        Number of lanes.

    Members
    -------
    i : In(stream.Signature(8))
    o : Out(stream.Signature(data.ArrayLayout(unsigned(width), lanes)))

    Raises
    ------
    PlanError
        If a lane does not fit into a byte, or there is none.
    """

    def __init__(self, width: int, lanes: int):
        if not 1 <= width <= 8:
            raise PlanError(f"a byte carries codes of 1 to 8 bits, not {width}")
        if lanes < 1:
            raise PlanError(f"bytes are packed into at least 1 lane, not {lanes}")
        self._width = width
        self._lanes = lanes
        layout = data.ArrayLayout(unsigned(width), lanes)
        super().__init__({"i": In(stream.Signature(8)), "o": Out(stream.Signature(layout))})

    @property
    def width(self) -> int:
        """Bits of a lane."""
        return self._width

    @property
    def lanes(self) -> int:
        """Number of lanes."""
        return self._lanes

    def elaborate(self, platform):
        m = Module()

        if self._lanes == 1:
            m.d.comb += [
                self.o.valid.eq(self.i.valid),
                self.o.payload[0].eq(self.i.payload[: self._width]),
                self.i.ready.eq(self.o.ready),
            ]
            return m

        payload = self.o.payload.as_value()
        count = Signal(range(self._lanes + 1))
        m.d.comb += [
            self.o.valid.eq(count == self._lanes),
            self.i.ready.eq(~self.o.valid),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [
                payload.eq(Cat(payload, self.i.payload[: self._width])[self._width :]),
                count.eq(count + 1),
            ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += count.eq(0)

        return m
