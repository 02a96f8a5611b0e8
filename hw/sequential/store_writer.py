"""Store writer: where the words of a pass go in the memory of all maps."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.sequential import Contents

from .finish import moves
from .table import row_layout

__all__ = ["StoreWriter"]


class StoreWriter(wiring.Component):
    """Walk over the map that is written, whose words are in the order of rows and columns.

    Parameters
    ----------
    contents : Contents

    Members
    -------
    start : In(1), descriptor : In
        A pass begins; its descriptor.
    moves : In
        What the word that is there is the last of.
    place : Out
        Where it goes.
    """

    def __init__(self, contents: Contents):
        self._contents = contents
        super().__init__(
            {
                "start": In(1),
                "descriptor": In(row_layout(contents.descriptors)),
                "moves": In(moves),
                "place": Out(contents.address_bits),
            }
        )

    @property
    def contents(self) -> Contents:
        return self._contents

    def elaborate(self, platform):
        m = Module()

        now, ends = self.descriptor, self.moves
        words = Mux(now.largest, 1, self._contents.array.group_words)
        group, step = Signal.like(self.place), Signal.like(self.place)
        next_group, next_step = Signal.like(self.place), Signal.like(self.place)
        # The first word of the group's next pixel is a pixel's words on, less those behind it.
        to_pixel = Signal.like(self.place)
        m.d.comb += [
            to_pixel.eq(now.pitch - (words - 1)),
            next_group.eq(group + words),
            next_step.eq(step + Mux(ends.row_end, now.last_words, now.words)),
        ]
        with m.If(ends.word_end):
            m.d.sync += self.place.eq(self.place + Mux(ends.pixel_end, to_pixel, 1))
        with m.If(ends.group_end):
            m.d.sync += [each.eq(next_group) for each in (self.place, group)]
        with m.If(ends.step_end):
            m.d.sync += [each.eq(next_step) for each in (self.place, group, step)]
        with m.If(self.start):
            m.d.sync += [each.eq(now.place) for each in (self.place, group, step)]

        return m
