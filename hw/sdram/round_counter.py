"""Round counter: images that pass, in rounds of as many as there are."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["IMAGE_BITS", "ROUND_BITS", "RoundCounter"]

IMAGE_BITS, ROUND_BITS = 24, 16
"""Widths of a number of images, and of rounds."""


class RoundCounter(wiring.Component):
    """Counter of the images of some rounds, from a start on.

    Members
    -------
    start : In(1)
        Begins with the first image of the first round.
    images, rounds : In(24), In(16)
        Images of a round, and rounds; at least 1.
    image : In(1)
        An image has passed.
    round_ends : Out(1)
        The image that passes, or will pass next, is the last of its round.
    ends : Out(1)
        It is the last of all.
    """

    start: In(1)
    images: In(IMAGE_BITS)
    rounds: In(ROUND_BITS)
    image: In(1)
    round_ends: Out(1)
    ends: Out(1)

    def elaborate(self, platform):
        m = Module()

        images, rounds = Signal(IMAGE_BITS), Signal(ROUND_BITS)
        last = Signal()
        m.d.comb += [
            self.round_ends.eq(images == 1),
            last.eq(rounds == 1),
            self.ends.eq(self.round_ends & last),
        ]
        with m.If(self.image):
            m.d.sync += images.eq(Mux(self.round_ends, self.images, images - 1))
            with m.If(self.round_ends):
                m.d.sync += rounds.eq(rounds - 1)
        with m.If(self.start):
            m.d.sync += [images.eq(self.images), rounds.eq(self.rounds)]

        return m
