"""Arg-max: the index of the largest of several channels."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError
from threefold.plan.units.argmax import ArgMaxUnit

from .component import component
from .stream import lane_stream

__all__ = ["ArgMax"]


class ArgMax(wiring.Component):
    """Comparison of an image's channels, one after the other; ties go to the lowest index.

    Parameters
    ----------
    channels : int
        At least 2.
    bits : int
        Width of a signed logit.

    Members
    -------
    i : In(lane_stream(signed(bits), 1))
    o : Out(lane_stream(index width, 1))
        One index for every ``channels`` logits, one cycle after the last.

    Raises
    ------
    PlanError
        If there are fewer than 2 channels.
    """

    def __init__(self, *, channels: int, bits: int):
        if channels < 2:
            raise PlanError(f"arg-max needs at least 2 channels to choose from, not {channels}")
        self._channels = channels
        self._bits = bits
        super().__init__(
            {
                "i": In(lane_stream(signed(bits), 1)),
                "o": Out(lane_stream((channels - 1).bit_length(), 1)),
            }
        )

    @property
    def channels(self) -> int:
        return self._channels

    @property
    def bits(self) -> int:
        return self._bits

    def elaborate(self, platform):
        m = Module()

        index = Signal(range(self._channels))
        best = Signal(signed(self._bits), reset_less=True)
        best_index = Signal(range(self._channels), reset_less=True)
        winner = Signal(range(self._channels))
        better, final = Signal(), Signal()

        m.d.comb += [
            better.eq((index == 0) | (self.i.payload[0] > best)),
            winner.eq(Mux(better, index, best_index)),
            final.eq(index == self._channels - 1),
            self.i.ready.eq(~final | ~self.o.valid | self.o.ready),
        ]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [index.eq(Mux(final, 0, index + 1)), best_index.eq(winner)]
            with m.If(better):
                m.d.sync += best.eq(self.i.payload[0])
            with m.If(final):
                m.d.sync += [self.o.valid.eq(1), self.o.payload[0].eq(winner)]

        return m


@component.register
def _(unit: ArgMaxUnit) -> ArgMax:
    return ArgMax(channels=unit.layer.inputs[0].shape[2], bits=unit.inputs[0].bits)
