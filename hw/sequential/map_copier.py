"""Map copier: what a pass reads, word by word from the memory of all maps into the banks."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.sequential import Contents

from .table import row_layout

__all__ = ["MapCopier"]


class MapCopier(wiring.Component):
    """Walk over the rows of one map, or of two whose words alternate.

    Words go to a bank until it has those of as many columns as the stride, then to the next. The
    second of two maps goes to the upper halves of the banks.

    Parameters
    ----------
    contents : Contents

    Members
    -------
    start : In(1), descriptor : In
        A pass begins; its descriptor.
    pause : In(1)
        Nothing can be read in this cycle.
    read : Out(1), address : Out
        Read a word.
    write : Out(1), bank, place : Out
        Where it goes, in the next cycle.
    ready : Out(1)
        The rows that the pass needs ahead of its first tile are there, until the next one starts.
    """

    def __init__(self, contents: Contents):
        self._contents = contents
        super().__init__(
            {
                "start": In(1),
                "descriptor": In(row_layout(contents.descriptors)),
                "pause": In(1),
                "read": Out(1),
                "address": Out(contents.address_bits),
                "write": Out(1),
                "bank": Out(range(contents.array.pixels)),
                "place": Out(contents.bank_bits),
                "ready": Out(1),
            }
        )

    @property
    def contents(self) -> Contents:
        return self._contents

    def elaborate(self, platform):
        m = Module()

        now = self.descriptor
        active, second, move = Signal(), Signal(), Signal()
        column, line = Signal.like(now.line), Signal.like(now.lines)
        line_end = Signal()
        m.d.comb += [
            self.read.eq(active & ~self.pause),
            move.eq(self.read & (second | ~now.two)),
            line_end.eq(column == now.line),
        ]
        with m.If(move):
            m.d.sync += column.eq(Mux(line_end, 0, column + 1))
        with m.If(move & line_end):
            m.d.sync += line.eq(line + 1)
            with m.If(line == now.ahead):
                m.d.sync += self.ready.eq(1)
            with m.If(line == now.lines):
                m.d.sync += active.eq(0)
        with m.If(self.start):
            m.d.sync += [active.eq(1), self.ready.eq(0), column.eq(0), line.eq(0)]
        self._add_addresses(m, second)
        self._add_places(m, second, move=move, line_end=line_end)

        return m

    def _add_addresses(self, m: Module, second: Signal) -> None:
        """Address of a word, and of the next one of the other map."""
        now, other = self.descriptor, Signal.like(self.address)
        following = Signal.like(self.address)
        m.d.comb += following.eq(self.address + 1)
        with m.If(self.read):
            m.d.sync += [
                second.eq(now.two & ~second),
                self.address.eq(Mux(now.two, other, following)),
                other.eq(following),
            ]
        with m.If(self.start):
            m.d.sync += [self.address.eq(now.map), other.eq(now.other), second.eq(0)]

    def _add_places(self, m: Module, second: Signal, *, move: Signal, line_end: Signal) -> None:
        """Bank and place of a word: a block of places in each bank, then the next block."""
        now, last_bank = self.descriptor, self._contents.array.pixels - 1
        bank, filled, full = Signal.like(self.bank), Signal.like(now.block, init=1), Signal()
        place, block, following = (
            Signal.like(self.place, name=name) for name in ("to", "block", "following_block")
        )
        m.d.comb += [full.eq(filled == now.block), following.eq(block + now.block)]
        with m.If(move):
            m.d.sync += [place.eq(place + 1), filled.eq(Mux(full | line_end, 1, filled + 1))]
            with m.If(full):
                m.d.sync += [bank.eq(bank + 1), place.eq(block)]
            with m.If(line_end | (full & (bank == last_bank))):
                m.d.sync += [bank.eq(0), place.eq(following), block.eq(following)]
        with m.If(self.start):
            m.d.sync += [each.eq(0) for each in (bank, place, block)]
            m.d.sync += filled.eq(1)
        m.d.sync += [
            self.write.eq(self.read),
            self.bank.eq(bank),
            self.place.eq(Cat(place[:-1], place[-1] | second)),
        ]
