"""Byte FIFOs: two of them in one memory."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError

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
        return (1 << self._address_bits) - (1 << self._few_bits) - 1

    @property
    def few(self) -> int:
        """Bytes that the FIFO of few holds, besides one in the register at its output."""
        return (1 << self._few_bits) - 1

    def elaborate(self, platform):
        m = Module()

        m.submodules.memory = storage = memory.Memory(
            shape=8, depth=1 << self._address_bits, init=[]
        )
        # Read at once and then registered, Yosys sees that a row is never read and written in
        # the same cycle, and spares a block RAM the logic for it.
        write, read = storage.write_port(), storage.read_port(domain="comb")
        above = self._address_bits - self._few_bits
        many = _Ring(m, "many", self._address_bits, self.i, self.o, skip=above)
        few = _Ring(m, "few", self._few_bits, self.few_i, self.few_o)
        word = Signal(8, reset_less=True)

        m.d.comb += [
            self.few_i.ready.eq(few.room),
            self.i.ready.eq(many.room & ~few.accept),
            few.fetch.eq(few.wants),
            many.fetch.eq(many.wants & ~few.wants),
            write.en.eq(many.accept | few.accept),
            write.data.eq(Mux(few.accept, self.few_i.payload, self.i.payload)),
            write.addr.eq(Mux(few.accept, _top(few.write_row, above), many.write_row)),
            read.addr.eq(Mux(few.fetch, _top(few.read_row, above), many.read_row)),
        ]
        with m.If(few.fetch | many.fetch):
            m.d.sync += word.eq(read.data)
        for ring, port in ((many, self.o), (few, self.few_o)):
            m.d.sync += ring.fetched.eq(ring.fetch)
            with m.If(ring.fetched & ~port.valid):
                m.d.sync += [port.valid.eq(1), port.payload.eq(word)]
            with m.Elif(port.ready):
                m.d.sync += port.valid.eq(0)
        with m.If(self.clear_few):
            state = (few.write_row, few.read_row, few.waits, few.fetched, self.few_o.valid)
            m.d.sync += [signal.eq(0) for signal in state]

        return m


class _Ring:
    """Rows of a memory that hold the bytes of one FIFO, but one row, which is free.

    With ``skip``, the rows whose highest ``skip`` bits are ones are left out.
    """

    def __init__(self, m: Module, name: str, bits: int, i, o, *, skip: int = 0):
        self.write_row = Signal(bits, name=f"{name}_write_row")
        self.read_row = Signal(bits, name=f"{name}_read_row")
        self.room = Signal(name=f"{name}_room")
        self.accept = Signal(name=f"{name}_accept")
        self.wants = Signal(name=f"{name}_wants")
        self.fetch = Signal(name=f"{name}_fetch")
        self.fetched = Signal(name=f"{name}_fetched")
        after_write, after_read = Signal(bits), Signal(bits)
        self.waits, full, accepted = Signal(name=f"{name}_waits"), Signal(), Signal()
        m.d.comb += [
            after_write.eq(_next(self.write_row, skip)),
            after_read.eq(_next(self.read_row, skip)),
            self.accept.eq(i.valid & i.ready),
            self.wants.eq(self.waits & ~o.valid & ~self.fetched),
            self.room.eq(~full & ~accepted),
        ]
        # Registers, which are a cycle late: after a byte in either direction there is a pause.
        m.d.sync += [
            full.eq(after_write == self.read_row),
            accepted.eq(self.accept),
            self.waits.eq(self.write_row != self.read_row),
        ]
        with m.If(self.accept):
            m.d.sync += self.write_row.eq(after_write)
        with m.If(self.fetch):
            m.d.sync += self.read_row.eq(after_read)


def _next(row: Signal, skip: int) -> Value:
    """The row behind ``row``: the first one instead of one whose highest bits are ones."""
    after = (row + 1)[: len(row)]
    if not skip:
        return after
    top = after[-skip:]
    return Cat(after[:-skip], Mux(top.all(), 0, top))


def _top(row: Signal, above: int) -> Value:
    """Address of a row among the last ones."""
    return Cat(row, Const(-1, above))
