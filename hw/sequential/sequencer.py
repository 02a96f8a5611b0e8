"""Sequencer: the tiles of a pass in order, one a cycle."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.sequential import Contents, Program

from .pass_loader import tile_write
from .table import Table, row_layout
from .tile_memory import TileMemory

__all__ = ["Sequencer", "marks"]

marks = data.StructLayout({"last_step": 1, "step_end": 1, "pass_end": 1})
"""Whether a group is of the last step of a row, the last of a step, the last of a pass."""


class Sequencer(wiring.Component):
    """Counter of groups, steps and rows, which reads the tiles of each group.

    The last tile of a group waits until the results of the group before have become codes, so that
    nothing behind the sequencer ever waits.

    Parameters
    ----------
    contents : Contents

    Members
    -------
    start : In(1)
        The descriptor of a pass is there, and none is under way.
    descriptor : In
        Descriptor of the pass, until its end.
    issue : Out(1)
        There is a tile in this cycle.
    group_end : Out(1)
        It is the last of its group.
    last : Out(1)
        It completes the results of its group.
    tile : Out
        Where its word is.
    weights : Out
        Row of its weights.
    marks : Out
        Places of its group.
    written : In
        Tiles of contents from outside, if there are such; see
        :func:`~threefold.hw.sequential.pass_loader.tile_write`.
    """

    def __init__(self, contents: Contents):
        self._contents = contents
        written = {"written": In(tile_write(Program(contents)))} if contents.limits else {}
        super().__init__(
            {
                "start": In(1),
                "descriptor": In(row_layout(contents.descriptors)),
                "issue": Out(1),
                "group_end": Out(1),
                "last": Out(1),
                "tile": Out(row_layout(contents.tiles)),
                "weights": Out(range(contents.weight_rows)),
                "marks": Out(marks),
            }
            | written
        )

    @property
    def contents(self) -> Contents:
        return self._contents

    def elaborate(self, platform):
        m = Module()

        now = self.descriptor
        if self._contents.limits:
            tiles = TileMemory(Program(self._contents))
            m.d.comb += tiles.write.eq(self.written)
        else:
            tiles = Table(self._contents.tiles)
        m.submodules.tiles = tiles
        # Where widths share weights, those of a narrower one do not follow each other.
        jump = tiles.row.jump if "jump" in tiles.row.shape().members else 1
        place, following = Signal.like(tiles.address), Signal.like(tiles.address)
        running, wait = Signal(), Signal.like(now.gap)
        group, step, row = (
            Signal.like(limit, name=name)
            for name, limit in (("group", now.groups), ("step", now.steps), ("row", now.rows))
        )
        row_end, again = Signal(), Signal()
        end, where = self.group_end & self.issue, self.marks

        m.d.comb += [
            self.tile.eq(tiles.row),
            self.issue.eq(running & (~tiles.row.last | (wait == 0))),
            self.group_end.eq(tiles.row.last),
            self.last.eq(tiles.row.last & (~now.whole | where.pass_end)),
            where.last_step.eq(step == now.steps),
            where.step_end.eq(group == now.groups),
            row_end.eq(where.last_step & where.step_end),
            where.pass_end.eq(row_end & (row == now.rows)),
            again.eq(self.start | (self.group_end & (now.rewind | where.step_end))),
            following.eq(Mux(again, now.tiles, place + 1)),
            tiles.address.eq(following),
            tiles.enable.eq(self.start | self.issue),
        ]
        with m.If(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.If(self.start | self.issue):
            m.d.sync += place.eq(following)
        with m.If(self.issue):
            m.d.sync += self.weights.eq(self.weights + jump)
        with m.If(end):
            m.d.sync += [wait.eq(now.gap), group.eq(Mux(where.step_end, 0, group + 1))]
        with m.If(end & where.step_end):
            m.d.sync += [
                step.eq(Mux(where.last_step, 0, step + 1)),
                self.weights.eq(now.weights),
            ]
        with m.If(end & row_end):
            m.d.sync += row.eq(Mux(where.pass_end, 0, row + 1))
        with m.If(end & where.pass_end):
            m.d.sync += [running.eq(0), wait.eq(0)]
        with m.If(self.start):
            m.d.sync += [running.eq(1), self.weights.eq(now.weights)]

        return m
