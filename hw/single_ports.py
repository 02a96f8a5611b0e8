"""Single-port RAMs: a memory of several primitive cells, which reads or writes a row in a cycle."""

from amaranth.hdl import Cat, ClockSignal, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.fpga import SinglePort

from .primitive import primitive

__all__ = ["SinglePorts"]


class SinglePorts(wiring.Component):
    """Rows of several words, in RAMs of a word a row.

    The words of a row are in different RAMs, as :meth:`~threefold.fpga.SinglePort.pitch` says: the
    first words of all rows, behind them the second ones, and so on from RAM to RAM.

    Parameters
    ----------
    ram : SinglePort
    width : int
        Width of a row.
    depth : int
        Rows.

    Members
    -------
    address : In(range(depth))
    write : In(1)
        Write ``data``.
    read : In(1)
        Read; low where ``write`` is high.
    data : In(width)
    row : Out(width)
        Row that was read, in the next cycle alone.
    """

    def __init__(self, ram: SinglePort, width: int, depth: int):
        self._ram = ram
        self._width = width
        self._depth = depth
        super().__init__(
            {
                "address": In(range(depth)),
                "write": In(1),
                "read": In(1),
                "data": In(width),
                "row": Out(width),
            }
        )

    @property
    def ram(self) -> SinglePort:
        return self._ram

    @property
    def width(self) -> int:
        return self._width

    @property
    def depth(self) -> int:
        return self._depth

    def elaborate(self, platform):
        m = Module()

        ram = self._ram
        pitch = ram.pitch(self._width, self._depth)
        columns, count = ram.columns(self._width), ram.count(self._width, self._depth)
        data = Signal(columns * ram.bits)
        m.d.comb += data.eq(self.data)
        words = [Signal(ram.bits, name=f"word_{n}") for n in range(count)]
        readers: list[list[tuple]] = [[] for _ in words]
        for column in range(columns):
            first, start = divmod(column * pitch, ram.rows)
            last = (column * pitch + self._depth - 1) // ram.rows
            number, place = self._place(m, column, start)
            for n in range(first, last + 1):
                own = data.word_select(column, ram.bits)
                readers[n].append((number == n - first, place, own))
            m.d.comb += self._word(m, column, number, words[first : last + 1])
        for n, word in enumerate(words):
            self._add_ram(m, n, readers[n], word)

        return m

    def _place(self, m: Module, column: int, start: int) -> tuple:
        """Which of the RAMs of a column has the word of a row, and where; from ``start`` on."""
        rows, step = self._ram.rows, (self._ram.step - 1).bit_length()
        place = Signal(range(max(rows, start + self._depth)), name=f"place_{column}")
        # All columns start at whole steps, which leave the lower bits alone.
        m.d.comb += place.eq(Cat(self.address[:step], self.address[step:] + (start >> step)))
        index = (rows - 1).bit_length()
        return place[index:], place[:index]

    def _word(self, m: Module, column: int, number, words: list[Signal]):
        """What is read of a column."""
        bits = self._ram.bits
        word = Signal(bits, name=f"column_{column}")
        read = Signal.like(number, name=f"read_{column}")
        with m.If(self.read):
            m.d.sync += read.eq(number)
        with m.Switch(read):
            for n, each in enumerate(words):
                with m.Case(n):
                    m.d.comb += word.eq(each)
        return self.row[column * bits : (column + 1) * bits].eq(word)

    def _add_ram(self, m: Module, n: int, readers: list[tuple], word: Signal) -> None:
        """A RAM, of words of a column or of the end of one and the start of the next."""
        ram, chosen = self._ram, Signal(name=f"chosen_{n}")
        address = Signal(range(ram.rows), name=f"address_{n}")
        data = Signal(ram.bits, name=f"data_{n}")
        for index, (here, place, own) in enumerate(readers):
            if index == 0:
                m.d.comb += [address.eq(place), data.eq(own)]
                continue
            with m.If(here):
                m.d.comb += [address.eq(place), data.eq(own)]
        m.d.comb += chosen.eq(Cat(here for here, *_ in readers).any())
        m.submodules[f"ram_{n}"] = primitive(
            ram.cell,
            clock=ClockSignal(),
            address=address,
            data=data,
            write=self.write,
            select=(self.write | self.read) & chosen,
            word=word,
        )
