"""Reorder buffer: outputs of several pixels, which come row group by row group, pixel by pixel."""

from math import prod

from amaranth.hdl import Module, Mux, ShapeLike, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError

from .ram import Ram
from .stream import lane_stream

__all__ = ["Reorder"]


class Reorder(wiring.Component):
    """Reorder buffer of blocks of beats, of which the outer two indices change places.

    It holds two blocks: one enters while the one before leaves. A block leaves from the third cycle
    after its last beat on, and the next no earlier than two cycles after its last beat; no path
    leads from the ready of the output to that of the input.

    Parameters
    ----------
    shape : shape-like
        Shape of a lane.
    lanes : int
        Lanes of a beat.
    groups : (int, int, int)
        Row groups, pixels, and beats of both: what a block consists of. It enters in this order,
        and leaves pixel by pixel.

    Members
    -------
    i : In(lane_stream(shape, lanes))
    o : Out(lane_stream(shape, lanes))

    Raises
    ------
    PlanError
        If a block has no beats.
    """

    def __init__(self, shape: ShapeLike, *, lanes: int, groups: tuple[int, int, int]):
        if min(groups) < 1:
            raise PlanError(
                f"a block to reorder needs at least 1 of row groups, pixels and beats, not {groups}"
            )
        self._shape = shape
        self._lanes = lanes
        self._groups = groups
        super().__init__({"i": In(lane_stream(shape, lanes)), "o": Out(lane_stream(shape, lanes))})

    @property
    def groups(self) -> tuple[int, int, int]:
        """Row groups, pixels, and beats of both."""
        return self._groups

    def elaborate(self, platform):
        m = Module()

        row_groups, pixels, beats = self._groups
        size = prod(self._groups)
        word = data.ArrayLayout(self._shape, self._lanes)
        m.submodules.memory = memory = Ram(word, 2 * size)
        write, read = memory.write, memory.read

        # In: one half is written, until it is full and the other one is empty.
        full, accept, take = Signal(), Signal(), Signal()
        beat, pixel, group = (Signal(range(count)) for count in (beats, pixels, row_groups))
        place, ends = Signal(range(2 * size)), [beat == beats - 1, pixel == pixels - 1]
        half = Signal()
        begin = Mux(half, 0, size)  # of the other half
        last = ends[0] & ends[1] & (group == row_groups - 1)
        m.d.comb += [
            self.i.ready.eq(~full | take),
            accept.eq(self.i.valid & self.i.ready),
            write.en.eq(accept),
            write.addr.eq(place),
            write.data.eq(self.i.payload),
        ]
        to_pixel = (row_groups - 1) * beats + 1
        to_group = 1 - (pixels - 1) * row_groups * beats
        with m.If(accept):
            m.d.sync += [
                beat.eq(Mux(ends[0], 0, beat + 1)),
                place.eq(place + Mux(ends[0], Mux(ends[1], to_group, to_pixel), 1)),
            ]
            with m.If(ends[0]):
                m.d.sync += pixel.eq(Mux(ends[1], 0, pixel + 1))
            with m.If(ends[0] & ends[1]):
                m.d.sync += group.eq(Mux(group == row_groups - 1, 0, group + 1))
            with m.If(last):
                m.d.sync += [place.eq(begin), half.eq(~half)]
        with m.If(accept & last):
            m.d.sync += full.eq(1)
        with m.Elif(take):
            m.d.sync += full.eq(0)

        # Out: the half that was full, in order.
        left, source = Signal(range(size + 1)), Signal(range(2 * size))
        moves = Signal()
        m.d.comb += [
            take.eq(full & (left == 0)),
            moves.eq(~self.o.valid | self.o.ready),
            read.en.eq(moves & (left != 0)),
            read.addr.eq(source),
            self.o.payload.eq(read.data),
        ]
        with m.If(moves):
            m.d.sync += self.o.valid.eq(left != 0)
        with m.If(take):
            m.d.sync += left.eq(size)
        with m.Elif(moves & (left != 0)):
            m.d.sync += [
                left.eq(left - 1),
                source.eq(Mux(source == 2 * size - 1, 0, source + 1)),
            ]

        return m
