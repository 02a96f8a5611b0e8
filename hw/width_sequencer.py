"""Width sequencer: the list of a window's tiles at the width of its image, one a cycle."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.program import Programs

from .family import family_of
from .rom import rom

__all__ = ["WidthSequencer"]


class WidthSequencer(wiring.Component):
    """Sequencer as :class:`~threefold.hw.sequencer.Sequencer`, with a list for each width.

    All lists are in one memory. The first entry of an image is read anew in every cycle until its
    first tile is issued, also in those in which the pipeline does not move, for its width may
    become known meanwhile.

    Parameters
    ----------
    programs : Programs

    Members
    -------
    start : In(1)
        A window is available, the first of an image at least three cycles after its width.
    advance : In(1)
        The pipeline moves in this cycle.
    image_end : In(1)
        The window is the last of its image.
    now, following : In(range(widths))
        Width of the image and of the next.
    issue : Out(1)
        A tile is issued if the pipeline moves.
    row, column : Out
        Word that the tile reads.
    last : Out(1)
        A result is complete with this tile.
    finish : Out(1)
        The tile is the last of its window.
    tile : Out
        Place of the tile among those of all widths.
    """

    def __init__(self, programs: Programs):
        self._programs = programs
        widths = range(len(programs.widths))
        super().__init__(
            {
                "start": In(1),
                "advance": In(1),
                "image_end": In(1),
                "now": In(widths),
                "following": In(widths),
                "issue": Out(1),
                "row": Out(programs.row_bits),
                "column": Out(programs.column_bits),
                "last": Out(1),
                "finish": Out(1),
                "tile": Out(range(len(programs))),
            }
        )

    @property
    def programs(self) -> Programs:
        return self._programs

    def elaborate(self, platform):
        m = Module()

        programs = self._programs
        row_bits, column_end = programs.row_bits, programs.row_bits + programs.column_bits
        fields = zip(programs.rows, programs.columns, programs.last, programs.finish, strict=True)
        entries = [
            int(row)
            | int(column) << row_bits
            | int(last) << column_end
            | int(finish) << column_end + 1
            for row, column, last, finish in fields
        ]
        m.submodules.programs = table = rom(programs.bits, entries, family=family_of(platform))
        port, entry = table.read_port(), Signal.like(self.tile)
        fresh = Signal(init=1)
        m.d.comb += [
            self.issue.eq(self.start),
            self.row.eq(port.data[:row_bits]),
            self.column.eq(port.data[row_bits:column_end]),
            self.last.eq(port.data[column_end]),
            self.finish.eq(port.data[-1]),
            entry.eq(self.tile),
            port.addr.eq(entry),
        ]
        m.d.sync += self.tile.eq(entry)
        with m.If(self.issue & self.advance):
            m.d.sync += fresh.eq(self.finish & self.image_end)
            width = Mux(self.image_end, self.following, self.now)
            m.d.comb += entry.eq(Mux(self.finish, self._start(m, "next", width), self.tile + 1))
        with m.Elif(fresh):
            m.d.comb += entry.eq(self._start(m, "first", self.now))

        return m

    def _start(self, m: Module, name: str, width) -> Signal:
        """Where the list of a width begins."""
        start = Signal.like(self.tile, name=f"{name}_start")
        with m.Switch(width):
            for number, place in enumerate(self._programs.starts):
                with m.Case(number):
                    m.d.comb += start.eq(place)
        return start
