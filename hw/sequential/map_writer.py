"""Map writer: where the words of a pass go."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.sequential import Contents

from .finish import moves
from .table import row_layout

__all__ = ["MapWriter"]


class MapWriter(wiring.Component):
    """Walk over the map that is written: words of a pixel, pixels of a group, groups of a step.

    Parameters
    ----------
    contents : Contents

    Members
    -------
    start : In(1), descriptor : In
        A pass begins; its descriptor.
    moves : In
        What the word that is there is the last of.
    bank, place : Out
        Where it goes.
    """

    def __init__(self, contents: Contents):
        self._contents = contents
        super().__init__(
            {
                "start": In(1),
                "descriptor": In(row_layout(contents.descriptors)),
                "moves": In(moves),
                "bank": Out(range(contents.array.pixels)),
                "place": Out(contents.address_bits),
            }
        )

    @property
    def contents(self) -> Contents:
        return self._contents

    def elaborate(self, platform):
        m = Module()

        now, ends = self.descriptor, self.moves
        pixels = self._contents.array.pixels
        group, step, following = (
            Signal.like(self.place, name=n) for n in ("group", "step", "next")
        )
        bank = Signal.like(self.bank)
        next_bank = Mux(self.bank == pixels - 1, 0, self.bank + 1)
        block_end = ends.row_end | (self.bank == pixels - 1)
        m.d.comb += following.eq(step + Mux(block_end, now.pitch, 0))
        with m.If(ends.word_end):
            m.d.sync += self.place.eq(self.place + 1)
        with m.If(ends.pixel_end):
            m.d.sync += [self.place.eq(group), self.bank.eq(next_bank)]
        with m.If(ends.group_end):
            m.d.sync += [
                self.place.eq(self.place + 1),
                group.eq(self.place + 1),
                self.bank.eq(bank),
            ]
        with m.If(ends.step_end):
            first = Mux(ends.row_end, 0, next_bank)
            m.d.sync += [
                *(each.eq(following) for each in (self.place, group, step)),
                *(each.eq(first) for each in (self.bank, bank)),
            ]
        with m.If(self.start):
            m.d.sync += [
                *(each.eq(now.place) for each in (self.place, group, step)),
                *(each.eq(0) for each in (self.bank, bank)),
            ]

        return m
