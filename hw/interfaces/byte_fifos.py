"""Byte FIFOs: two of them in one memory."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError

from ..ram import Ram

__all__ = ["ByteFifos"]


class ByteFifos(wiring.Component):
    """FIFO of many bytes and FIFO of few, in a memory with one port to write and one to read.

    The few have the last rows of the memory, and go first: a byte for their FIFO, or from it, makes
    one of the other FIFO wait for a cycle. A byte enters every 2 cycles at most, and leaves every
    3, 4 cycles after it entered at the earliest.

    Parameters
    ----------
    address_bits : int
        Width of the address of a row.
    few_bits : int
        Width of an address among the few, at least 1 and less than ``address_bits``.

    Members
    -------
    i, o : In(stream.Signature(8)), Out(stream.Signature(8))
        FIFO of many bytes.
    few_i, few_o : In(stream.Signature(8)), Out(stream.Signature(8))
        FIFO of few.
    few_held : Out(1)
        Whether there are any of the few.
    clear_few : In(1)
        Empties the FIFO of few; a byte that enters in the same cycle is lost.

    Raises
    ------
    PlanError
        If ``few_bits`` is out of range.
    """

    def __init__(self, *, address_bits: int, few_bits: int):
        if not 1 <= few_bits < address_bits:
            raise PlanError(f"few bytes have 1 to {address_bits - 1} address bits, not {few_bits}")
        self._address_bits = address_bits
        self._few_bits = few_bits
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "o": Out(stream.Signature(8)),
                "few_i": In(stream.Signature(8)),
                "few_o": Out(stream.Signature(8)),
                "few_held": Out(1),
                "clear_few": In(1),
            }
        )

    @property
    def address_bits(self) -> int:
        """Width of the address of a row."""
        return self._address_bits

    @property
    def few_bits(self) -> int:
        """Width of an address among the few."""
        return self._few_bits

    @property
    def many(self) -> int:
        """Bytes that the FIFO of many holds, besides one in the register at its output."""
        return (1 << self._address_bits) - (1 << self._few_bits)

    @property
    def few(self) -> int:
        """Bytes that the FIFO of few holds, besides one in the register at its output."""
        return 1 << self._few_bits

    def elaborate(self, platform):
        m = Module()

        m.submodules.memory = memory = Ram(8, 1 << self._address_bits)
        write, read = memory.write, memory.read
        above = self._address_bits - self._few_bits
        many = _Ring(m, "many", self._address_bits, self.i, self.o, skip=above)
        few = _Ring(m, "few", self._few_bits, self.few_i, self.few_o)

        m.d.comb += [
            self.few_i.ready.eq(few.room),
            self.i.ready.eq(many.room & ~few.accept),
            self.few_held.eq(few.accepted | few.waits | few.fetched | self.few_o.valid),
            few.fetch.eq(few.wants),
            many.fetch.eq(many.wants & ~few.wants),
            write.en.eq(many.accept | few.accept),
            write.data.eq(Mux(few.accept, self.few_i.payload, self.i.payload)),
            write.addr.eq(Mux(few.accept, _top(few.write_row, above), many.write_row)),
            read.en.eq(few.fetch | many.fetch),
            read.addr.eq(Mux(few.fetch, _top(few.read_row, above), many.read_row)),
        ]
        for ring, port in ((many, self.o), (few, self.few_o)):
            with m.If(ring.fetched & ~port.valid):
                m.d.sync += [port.valid.eq(1), port.payload.eq(read.data)]
            with m.Elif(port.ready):
                m.d.sync += port.valid.eq(0)
        with m.If(self.clear_few):
            m.d.sync += [signal.eq(0) for signal in (*few.state, self.few_o.valid)]
            m.d.sync += few.same.eq(1)

        return m


class _Ring:
    """Rows of a memory that hold the bytes of one FIFO.

    With ``skip``, the rows whose highest ``skip`` bits are ones are left out.
    """

    def __init__(self, m: Module, name: str, bits: int, i, o, *, skip: int = 0):
        self.write_row = Signal(bits, name=f"{name}_write_row")
        self.read_row = Signal(bits, name=f"{name}_read_row")
        self.accept = Signal(name=f"{name}_accept")
        self.fetch = Signal(name=f"{name}_fetch")
        self.room, self.waits = Signal(name=f"{name}_room"), Signal(name=f"{name}_waits")
        self.wants = Signal(name=f"{name}_wants")
        # Registers, which are a cycle late: after a byte in either direction there is a pause.
        self.accepted = Signal(name=f"{name}_accepted")
        self.fetched = Signal(name=f"{name}_fetched")
        self.fills = Signal(name=f"{name}_fills")
        same = Signal(init=1, name=f"{name}_same")
        m.d.comb += [
            self.accept.eq(i.valid & i.ready),
            # With both rows the same it is full if the latest byte entered, otherwise empty.
            self.room.eq(~(same & self.fills) & ~self.accepted),
            self.waits.eq(~same | self.fills),
            self.wants.eq(self.waits & ~o.valid & ~self.fetched),
        ]
        m.d.sync += [
            same.eq(self.write_row == self.read_row),
            self.accepted.eq(self.accept),
            self.fetched.eq(self.fetch),
        ]
        for moves, row, fills in ((self.fetch, self.read_row, 0), (self.accept, self.write_row, 1)):
            after = (row + 1)[:bits]
            with m.If(moves):
                m.d.sync += [row.eq(after), self.fills.eq(fills)]
            if skip:
                with m.If(moves & after[-skip:].all()):
                    m.d.sync += row.eq(0)
        self.state = (self.write_row, self.read_row, self.accepted, self.fetched, self.fills)
        self.same = same


def _top(row: Signal, above: int) -> Value:
    """Address of a row among the last ones."""
    return Cat(row, Const(-1, above))
