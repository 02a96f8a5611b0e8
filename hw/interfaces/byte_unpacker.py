"""Byte unpacker: bytes from lanes."""

from amaranth.hdl import Cat, Module, Shape, ShapeLike, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError

__all__ = ["ByteUnpacker"]


class ByteUnpacker(wiring.Component):
    """Unpacker of lanes into bytes: lane 0 first, the low byte of a lane first.

    A lane takes whole bytes; a signed one is sign-extended to fill them. A beat of one byte passes
    in the cycle in which it comes. One of several takes one cycle more than it has bytes, and no
    path leads from one ready to the other.

    Parameters
    ----------
    shape : shape-like
        Shape of a lane.
    lanes : int
        Number of lanes.

    Members
    -------
    i : In(stream.Signature(data.ArrayLayout(shape, lanes)))
    o : Out(stream.Signature(8))

    Raises
    ------
    PlanError
        If there is no lane.
    """

    def __init__(self, shape: ShapeLike, lanes: int):
        if lanes < 1:
            raise PlanError(f"bytes are unpacked from at least 1 lane, not {lanes}")
        self._shape = Shape.cast(shape)
        self._lanes = lanes
        layout = data.ArrayLayout(shape, lanes)
        super().__init__({"i": In(stream.Signature(layout)), "o": Out(stream.Signature(8))})

    @property
    def shape(self) -> Shape:
        """Shape of a lane."""
        return self._shape

    @property
    def lanes(self) -> int:
        """Number of lanes."""
        return self._lanes

    @property
    def bytes_per_lane(self) -> int:
        """Bytes a lane takes."""
        return max(1, -(-self._shape.width // 8))

    def elaborate(self, platform):
        m = Module()

        total = self.bytes_per_lane * self._lanes
        if total == 1:
            m.d.comb += [
                self.o.valid.eq(self.i.valid),
                self.o.payload.eq(self.i.payload[0]),
                self.i.ready.eq(self.o.ready),
            ]
            return m

        padded = Shape(8 * self.bytes_per_lane, signed=self._shape.signed)
        extended = [Signal(padded, name=f"lane{index}") for index in range(self._lanes)]
        m.d.comb += [wide.eq(self.i.payload[index]) for index, wide in enumerate(extended)]

        shift = Signal(8 * total)
        left = Signal(range(total + 1))
        m.d.comb += [
            self.o.valid.eq(left != 0),
            self.o.payload.eq(shift[:8]),
            self.i.ready.eq(left == 0),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [shift.eq(Cat(extended)), left.eq(total)]
        with m.Elif(self.o.valid & self.o.ready):
            m.d.sync += [shift.eq(shift[8:]), left.eq(left - 1)]

        return m
