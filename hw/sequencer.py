"""Sequencer: the static list of a window's tiles, one a cycle."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.program import Program

from .family import family_of
from .rom import rom

__all__ = ["Sequencer"]


class Sequencer(wiring.Component):
    """Sequencer of one tile a cycle while a window is available, without gaps between windows.

    Tiles that hold no weight are not in the list. Where it takes all words of the window in
    order, counters stand for it; where it does not, a small memory beside that of the weights
    does; a list of a single tile is a constant.

    The pipeline never waits. To stall it, wrap it in an ``EnableInserter``.

    Parameters
    ----------
    program : Program

    Members
    -------
    start : In(1)
        A window is available; never in the first cycle, which reads the list's first entry.
    issue : Out(1)
        A tile is issued in this cycle.
    row, column : Out
        Word that the tile reads.
    last : Out(1)
        A result is complete with this tile.
    finish : Out(1)
        The tile is the last of its window.
    """

    def __init__(self, program: Program):
        self._program = program
        super().__init__(
            {
                "start": In(1),
                "issue": Out(1),
                "row": Out(program.row_bits),
                "column": Out(program.column_bits),
                "last": Out(1),
                "finish": Out(1),
            }
        )

    @property
    def program(self) -> Program:
        return self._program

    def elaborate(self, platform):
        m = Module()

        m.d.comb += self.issue.eq(self.start)
        if len(self._program) == 1:
            m.d.comb += [
                self.row.eq(int(self._program.rows[0])),
                self.column.eq(int(self._program.columns[0])),
                self.last.eq(1),
                self.finish.eq(1),
            ]
        elif self._program.counted:
            self._count(m)
        else:
            self._follow(m, family_of(platform))

        return m

    def _count(self, m: Module):
        program = self._program
        column_end, row_end, round_end, result_end = (Signal() for _ in range(4))
        m.d.comb += [
            column_end.eq(_counter(m, "column", self.issue, self.column, program.width)),
            row_end.eq(_counter(m, "row", self.issue & column_end, self.row, program.height)),
        ]
        words_end, taken = column_end & row_end, Signal(range(program.rounds))
        m.d.comb += [
            round_end.eq(_counter(m, "round", self.issue & words_end, taken, program.rounds)),
            self.last.eq(words_end & round_end),
        ]
        result = Signal(range(program.results))
        m.d.comb += [
            result_end.eq(_counter(m, "result", self.issue & self.last, result, program.results)),
            self.finish.eq(self.last & result_end),
        ]

    def _follow(self, m: Module, family: str | None):
        """Read the list ahead, so that the tile to issue is always at the memory's output."""
        program = self._program
        final = len(program) - 1
        entries = [
            int(row) | int(column) << program.row_bits | int(last) << (program.bits - 1)
            for row, column, last in zip(program.rows, program.columns, program.last, strict=True)
        ]
        m.submodules.program = table = rom(program.bits, entries, family=family)
        port = table.read_port()
        index, following = Signal(range(final + 1)), Signal(range(final + 1))
        column_at = program.row_bits
        m.d.comb += [
            self.finish.eq(index == final),
            following.eq(Mux(self.issue, Mux(self.finish, 0, index + 1), index)),
            port.addr.eq(following),
            self.row.eq(port.data[:column_at]),
            self.column.eq(port.data[column_at : program.bits - 1]),
            self.last.eq(port.data[-1]),
        ]
        m.d.sync += index.eq(following)


def _counter(m: Module, name: str, step, count: Signal, length: int):
    """Make ``count`` run through 0…``length`` − 1; whether it is at its end."""
    if length == 1:
        return 1
    end = Signal(name=f"{name}_end")
    m.d.comb += end.eq(count == length - 1)
    with m.If(step):
        m.d.sync += count.eq(Mux(end, 0, count + 1))
    return end
