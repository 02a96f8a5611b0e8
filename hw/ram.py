"""Memories that are written and read, in whatever an FPGA has for that."""

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Mux, Shape, ShapeLike, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.memory import ReadPort, WritePort
from amaranth.lib.wiring import Out
from amaranth.utils import ceil_log2

from threefold.errors import PlanError
from threefold.plan.area import MEMORIES, SPRAM_BITS, SPRAM_ROWS

from .family import family_of

__all__ = ["Ram"]


class Ram(wiring.Component):
    """A memory with one port that writes and one that reads.

    Reading the row that is written in the same cycle is not defined, whatever a simulation
    shows: block RAM that has to define it takes a comparator, and a register for each bit.

    Parameters
    ----------
    shape : shape-like
        Shape of a row.
    depth : int
        Rows.
    kind : str
        ``"lut"`` is LUTs on ECP5, 16 rows of 4 bits in four of them, and flip-flops on iCE40;
        ``"block"`` is block RAM; ``"auto"`` leaves it to synthesis. ``"spram"`` is the large
        single-port RAM of iCE40UP5K, which reads or writes in a cycle; where both are asked for
        it writes. Other families have no such thing, and get what ``"auto"`` gives.

    Members
    -------
    write : Out(WritePort.Signature)
        ``addr``, ``data`` and ``en``, all of them inputs.
    read : Out(ReadPort.Signature)
        ``data`` holds what was read with ``addr`` and ``en``, from the next cycle until the next
        read.

    Raises
    ------
    PlanError
        If there is no such kind, or the memory has no row.
    """

    def __init__(self, shape: ShapeLike, depth: int, kind: str = "auto"):
        if kind not in MEMORIES:
            raise PlanError(
                f"a memory is {', '.join(MEMORIES[:-1])} or {MEMORIES[-1]}, not {kind!r}"
            )
        if depth < 1:
            raise PlanError(f"a memory must have at least 1 row, not {depth}")
        self._shape = shape
        self._depth = depth
        self._kind = kind
        port = {"addr_width": ceil_log2(depth), "shape": shape}
        super().__init__(
            {"write": Out(WritePort.Signature(**port)), "read": Out(ReadPort.Signature(**port))}
        )

    @property
    def shape(self) -> ShapeLike:
        return self._shape

    @property
    def depth(self) -> int:
        return self._depth

    @property
    def kind(self) -> str:
        return self._kind

    def elaborate(self, platform):
        m = Module()

        family = family_of(platform)
        address, read_en = self.read.addr, self.read.en
        if self._kind == "spram":
            address = Mux(self.write.en, self.write.addr, self.read.addr)
            read_en = self.read.en & ~self.write.en
            if family == "ice40":
                self._add_sprams(m, address, read_en)
                return m

        attributes = _ATTRIBUTES.get((self._kind, family), {})
        m.submodules.storage = storage = memory.Memory(
            shape=self._shape, depth=self._depth, init=[], attrs=attributes
        )
        write, read = storage.write_port(), storage.read_port()
        m.d.comb += [
            write.addr.eq(self.write.addr),
            write.data.eq(self.write.data),
            write.en.eq(self.write.en),
            read.addr.eq(address),
            read.en.eq(read_en),
            self.read.data.eq(read.data),
        ]

        return m

    def _add_sprams(self, m: Module, address, read_en):
        """As instances, for Yosys infers none where contents are known at the start."""
        width = Shape.cast(self._shape).width
        columns = -(-width // SPRAM_BITS)
        banks = -(-self._depth // SPRAM_ROWS)
        row = Signal(14)
        word = Signal(columns * SPRAM_BITS)
        bank, read_bank = Signal(range(banks)), Signal(range(banks))
        m.d.comb += [
            Cat(row, bank).eq(address) if banks > 1 else row.eq(address),
            word.eq(Cat(self.write.data)),
        ]
        words = []
        for n in range(banks):
            words.append(Signal(columns * SPRAM_BITS, name=f"word_{n}"))
            for column in range(columns):
                bits = slice(column * SPRAM_BITS, (column + 1) * SPRAM_BITS)
                m.submodules[f"spram_{n}_{column}"] = Instance(
                    "SB_SPRAM256KA",
                    i_CLOCK=ClockSignal(),
                    i_ADDRESS=row,
                    i_DATAIN=word[bits],
                    i_MASKWREN=Const(0b1111, 4),
                    i_WREN=self.write.en,
                    i_CHIPSELECT=(self.write.en | read_en) & (bank == n),
                    i_STANDBY=Const(0),
                    i_SLEEP=Const(0),
                    i_POWEROFF=Const(1),
                    o_DATAOUT=words[-1][bits],
                )

        # A write takes away what was read before.
        fresh = Signal()
        held, current = Signal(width, reset_less=True), Signal(width)
        m.d.sync += fresh.eq(read_en)
        with m.If(read_en):
            m.d.sync += read_bank.eq(bank)
        with m.Switch(read_bank):
            for n in range(banks):
                with m.Case(n):
                    m.d.comb += current.eq(words[n])
        with m.If(fresh):
            m.d.sync += held.eq(current)
        m.d.comb += self.read.data.eq(Mux(fresh, current, held))


_ATTRIBUTES = {
    ("lut", "ice40"): {"ram_style": "registers"},
    ("lut", "ecp5"): {"ram_style": "distributed"},
    ("block", "ice40"): {"ram_style": "block"},
    ("block", "ecp5"): {"ram_style": "block"},
    ("block", None): {"ram_style": "block"},
}
