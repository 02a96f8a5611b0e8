"""Tile memory: the tiles of the pass that is under way, written from outside."""

from amaranth.hdl import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.sequential import Program

from ..ram import Ram
from .pass_loader import tile_write
from .table import row_layout

__all__ = ["TileMemory"]


class TileMemory(wiring.Component):
    """Table of tiles that is written when a pass begins; fields without a bit are 0.

    Parameters
    ----------
    program : Program

    Members
    -------
    write : In
        See :func:`~threefold.hw.sequential.pass_loader.tile_write`.
    address : In(range(rows))
    enable : In(1)
        Read the row.
    row : Out(StructLayout)
        Row that was read, from the next cycle on.
    """

    def __init__(self, program: Program):
        self._program = program
        super().__init__(
            {
                "write": In(tile_write(program)),
                "address": In(range(program.limits["tiles"])),
                "enable": In(1),
                "row": Out(row_layout(program.contents.tiles)),
            }
        )

    @property
    def program(self) -> Program:
        return self._program

    def elaborate(self, platform):
        m = Module()

        fields = self._program.tile_fields
        rows = Ram(data.StructLayout(fields), self._program.limits["tiles"])
        m.submodules.rows = rows
        m.d.comb += [
            rows.write.en.eq(self.write.enable),
            rows.write.addr.eq(self.write.place),
            rows.write.data.eq(self.write.tile),
            rows.read.en.eq(self.enable),
            rows.read.addr.eq(self.address),
            *(self.row[name].eq(rows.read.data[name]) for name in fields),
        ]

        return m
