"""Table: a read-only memory whose rows have named fields."""

from collections.abc import Sequence

from amaranth.hdl import Const, Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.sequential import Field

from ..family import family_of
from ..rom import rom

__all__ = ["Table", "row_layout"]


def row_layout(fields: Sequence[Field]) -> data.StructLayout:
    """Layout of a row."""
    return data.StructLayout({field.name: field.bits for field in fields})


class Table(wiring.Component):
    """Rows of fields; one that is the same in all of them is a constant.

    Parameters
    ----------
    fields : sequence of Field

    Members
    -------
    address : In(range(rows))
    enable : In(1)
        Read the row.
    row : Out(StructLayout)
        Row that was read, from the next cycle on.
    """

    def __init__(self, fields: Sequence[Field]):
        self._fields = tuple(fields)
        super().__init__(
            {
                "address": In(range(len(fields[0].values))),
                "enable": In(1),
                "row": Out(row_layout(fields)),
            }
        )

    @property
    def fields(self) -> tuple[Field, ...]:
        return self._fields

    def elaborate(self, platform):
        m = Module()

        stored = [field for field in self._fields if not field.constant]
        for field in self._fields:
            if field.constant:
                m.d.comb += self.row[field.name].eq(Const(field.values[0], field.bits))
        if stored:
            layout = row_layout(stored)
            names = [field.name for field in stored]
            rows = [
                dict(zip(names, values, strict=True))
                for values in zip(*(field.values for field in stored), strict=True)
            ]
            m.submodules.rows = table = rom(layout, rows, family=family_of(platform))
            port = table.read_port()
            m.d.comb += [port.addr.eq(self.address), port.en.eq(self.enable)]
            m.d.comb += [self.row[name].eq(port.data[name]) for name in names]

        return m
