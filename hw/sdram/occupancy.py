"""Occupancy: whether images are inside an accelerator, from the beats that pass."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Occupancy"]

_IMAGES = 16  # bits of a number of images, which nothing that keeps them has room for


class Occupancy(wiring.Component):
    """Count of images that have begun, and not left yet.

    Parameters
    ----------
    i_beats, o_beats : int
        Beats of an image on its way in and out.

    Members
    -------
    enters, leaves : In(1)
        Whether a beat passes.
    empty : Out(1)
        No image is inside, and none begins.
    """

    enters: In(1)
    leaves: In(1)
    empty: Out(1)

    def __init__(self, i_beats: int, o_beats: int):
        self._i_beats, self._o_beats = i_beats, o_beats
        super().__init__()

    @property
    def i_beats(self) -> int:
        return self._i_beats

    @property
    def o_beats(self) -> int:
        return self._o_beats

    def elaborate(self, platform):
        m = Module()

        given, taken = Signal(range(self._i_beats)), Signal(range(self._o_beats))
        first, last, inside = Signal(), Signal(), Signal(_IMAGES)
        m.d.comb += [
            first.eq(self.enters & (given == 0)),
            last.eq(self.leaves & (taken == self._o_beats - 1)),
            self.empty.eq((inside == 0) & ~self.enters),
        ]
        m.d.sync += inside.eq(inside + first - last)
        with m.If(self.enters):
            m.d.sync += given.eq(Mux(given == self._i_beats - 1, 0, given + 1))
        with m.If(self.leaves):
            m.d.sync += taken.eq(Mux(last, 0, taken + 1))

        return m
