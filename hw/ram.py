"""RAM: memories of one write and one read port, in LUTs, block RAM or single-port RAM."""

from amaranth.hdl import Cat, Module, Mux, Shape, ShapeLike, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.memory import ReadPort, WritePort
from amaranth.lib.wiring import Out
from amaranth.utils import ceil_log2

from threefold.errors import PlanError
from threefold.fpga import MEMORIES, SinglePort

from .family import family_of
from .single_ports import SinglePorts

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
        ``"lut"`` is RAM made of LUTs, and flip-flops on a family without that; ``"block"`` is
        block RAM; ``"auto"`` leaves it to synthesis. ``"split"`` is the parts that the family has
        for such a memory, see :meth:`~threefold.fpga.Family.parts`, so that fewer block RAMs are
        left half empty. ``"spram"`` is large single-port RAM, which reads or writes in a cycle;
        where both are asked for it writes. A family without such gives what ``"auto"`` gives.
    holds : bool
        Whether what was read stays until the next read, which takes registers behind single-port
        RAM.

    Members
    -------
    write : Out(WritePort.Signature)
        ``addr``, ``data`` and ``en``, all of them inputs.
    read : Out(ReadPort.Signature)
        ``data`` holds what was read with ``addr`` and ``en``, from the next cycle until the next
        read; in the next cycle alone unless it ``holds``.

    Raises
    ------
    PlanError
        If there is no such kind, or the memory has no row.
    """

    def __init__(self, shape: ShapeLike, depth: int, kind: str = "auto", *, holds: bool = True):
        if kind not in MEMORIES:
            raise PlanError(
                f"a memory is {', '.join(MEMORIES[:-1])} or {MEMORIES[-1]}, not {kind!r}"
            )
        if depth < 1:
            raise PlanError(f"a memory must have at least 1 row, not {depth}")
        self._shape = shape
        self._depth = depth
        self._kind = kind
        self._holds = holds
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

    @property
    def holds(self) -> bool:
        return self._holds

    def elaborate(self, platform):
        m = Module()

        family = family_of(platform)
        address, read_en = self.read.addr, self.read.en
        if self._kind == "spram":
            address = Mux(self.write.en, self.write.addr, self.read.addr)
            read_en = self.read.en & ~self.write.en
            if family.single_port:
                self._add_single_ports(m, family.single_port, address, read_en)
                return m
        if self._kind == "split":
            parts = family.parts(Shape.cast(self._shape).width, self._depth)
            if len(parts) > 1:
                self._add_parts(m, parts)
                return m

        style = family.ram_styles.get(self._kind)
        m.submodules.storage = storage = memory.Memory(
            shape=self._shape,
            depth=self._depth,
            init=[],
            attrs={"ram_style": style} if style else {},
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

    def _add_single_ports(self, m: Module, ram: SinglePort, address, read_en):
        """As instances, for Yosys infers none where contents are known at the start."""
        width = Shape.cast(self._shape).width
        m.submodules.storage = storage = SinglePorts(ram, width, self._depth)
        m.d.comb += [
            storage.address.eq(address),
            storage.write.eq(self.write.en),
            storage.read.eq(read_en),
            storage.data.eq(Cat(self.write.data)),
        ]
        current = storage.row
        if not self._holds:
            m.d.comb += self.read.data.eq(current)
            return

        # A write takes away what was read before.
        fresh, held = Signal(), Signal(width, reset_less=True)
        m.d.sync += fresh.eq(read_en)
        with m.If(fresh):
            m.d.sync += held.eq(current)
        m.d.comb += self.read.data.eq(Mux(fresh, current, held))

    def _add_parts(self, m: Module, parts: tuple[tuple[int, str], ...]) -> None:
        """Memories of rows that follow each other."""
        # No logic in front of the register: what selects comes as soon as what was read.
        begin, least = 0, min(ceil_log2(rows) for rows, kind in parts if kind == "block")
        above = Signal(len(self.read.addr) - least)
        with m.If(self.read.en):
            m.d.sync += above.eq(self.read.addr[least:])
        words = []
        for n, (rows, kind) in enumerate(parts):
            m.submodules[f"part_{n}"] = part = Ram(self._shape, rows, kind)
            bits = len(part.read.addr)
            shift = max(bits, least)
            here = self.write.addr[shift:] == begin >> shift
            m.d.comb += [
                part.write.en.eq(self.write.en & here),
                part.write.addr.eq(self.write.addr[:bits]),
                part.write.data.eq(self.write.data),
                part.read.en.eq(self.read.en),
                part.read.addr.eq(self.read.addr[:bits]),
            ]
            words.append((above[shift - least :] == begin >> shift, Cat(part.read.data)))
            begin += rows
        data = words.pop()[1]
        for here, word in reversed(words):
            data = Mux(here, word, data)
        m.d.comb += self.read.data.eq(data)
