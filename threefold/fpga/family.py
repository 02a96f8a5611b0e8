"""FPGA families: the shapes of their memories, the cost of logic, and their tools."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from ..errors import PlanError
from .cell import Cell, LutTree, MaskedCarry, SinglePort
from .flow import Flow
from .pll import PLL
from .resources import Resources

__all__ = ["MEMORIES", "ChainCost", "Family", "LutRam", "ReaderCost"]

MEMORIES = ("auto", "lut", "block", "split", "spram")
"""Kinds of memory that a buffer can be told to be in; ``"auto"`` leaves it to synthesis."""


class ChainCost(NamedTuple):
    """Logic cells of a carry chain beside those of its bits.

    ``sum`` counts for a registered sum, ``accumulator`` for one that is added to, ``comparison``
    for a comparator, and sums of fewer bits than ``least`` have no chain. ``fed`` counts besides
    where the generator connects the carry into a chain.
    """

    sum: float
    accumulator: float
    comparison: float
    least: int
    fed: float = 0


class LutRam(NamedTuple):
    """A RAM made of look-up tables: its shape, how many, and the cells its write port takes."""

    bits: int
    rows: int
    luts: int
    write: int


class ReaderCost(NamedTuple):
    """LUTs of a window reader, and logic cells without a LUT; calibrated.

    ``each`` counts once, ``address`` for a bit of an address, ``place`` for a bit of a position on
    the map, ``index`` for a bit of a place in the list of tiles, and ``beyond`` for a bit of a
    position that may lie in the padding. ``bare`` are cells without a LUT, which count once, and
    ``bare_beyond`` those for a bit of a position that may lie in the padding.
    """

    each: float
    address: float
    place: float
    index: float
    beyond: float
    bare: float
    bare_beyond: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Family:
    """Family of FPGAs: its properties for the generator, the estimates and the tools.

    Nothing else asks for its name: what differs among families is a property here.

    Parameters
    ----------
    name : str
        Name in lower case; that of the family of Amaranth's platforms, but for case.
    title : str
        Name as its maker writes it.
    block_shapes : tuple of (int, int)
        Widths in bits, and rows, that one block RAM takes.
    block_worth : float
        LUTs that a block RAM has to save for a read-only memory to go there.
    block_least : int
        What a memory has to exceed, or with :attr:`lut_ram` to reach, for each block RAM for
        synthesis to use block RAM: bits in flip-flops, or RAMs of LUTs.
    single_port : SinglePort or None
        The large single-port RAM of the family, if some of its devices have any.
    lut_ram : LutRam or None
        RAM of LUTs; without it a small memory is flip-flops.
    split_worth : float
        LUTs that a memory in parts may cost for each block RAM that it saves, see :meth:`parts`; 0:
        never. Rows of :attr:`block_shapes` must then be powers of two.
    ram_styles : mapping of str to str
        Attribute ``ram_style`` that Yosys needs to put a memory to ``"lut"`` or ``"block"``.
    memory_gives_late : bool
        Whether registers belong behind block RAM, in front of any logic: it gives its data late in
        the cycle, and registers that have no LUT before them cost nothing.
    complement_takes_luts : bool
        Whether the complement of a subtrahend takes LUTs of its own in front of the carry chain.
    masked_carry : MaskedCarry or None
        Cell of a carry chain that takes a ternary weight of one operand, if there is one.
    clears_in_luts : bool
        Whether what clears an accumulator takes LUTs beside its carry chain.
    resets : bool
        Whether flip-flops have a synchronous reset.
    chains : ChainCost
        Logic cells of carry chains.
    shares_chains : bool
        Whether neighbouring adders belong in one carry chain, since cells begin and end each.
    carry_bits : int
        Bits of a sum that a carry cell makes, each with a LUT.
    chain_luts : int
        LUTs that a carry chain takes to begin, and that synthesis counts.
    wide_multiplexers : bool
        Whether multiplexers beside the LUTs select among outputs of 2, 4 and 8 of them.
    lut_tree : LutTree or None
        Cells that weights in LUTs are made of, where what synthesis makes of them is not routed.
    counts_bare_cells : bool
        Whether a flip-flop or a carry without a LUT takes a logic cell of its own.
    lut_rows : float
        Rows of a bit that a LUT of a read-only memory holds; calibrated where below 16.
    table_rows : float
        Rows of a bit that a LUT of a deep table of thresholds holds, calibrated.
    narrow_lanes : mapping of int to float
        LUTs of a lane and its share of the adders for codes of so few bits that Yosys counts them
        in LUTs, without a carry chain; calibrated.
    reader : ReaderCost
        LUTs of a walk over a map.
    fill : float
        Share of the logic cells of a device that plans may be estimated at. The rest is for the
        board's own logic, for what estimates miss, and for cells that cannot be placed together.
    fifo_counter : int
        LUTs of a FIFO for each bit of its counters.
    search_counter : int
        LUTs of a sequential search for each bit of a code but the first.
    tools : Flow or None
        Tool flow; None for a family that nothing is built for.
    pll : subclass of PLL or None
        PLL; None where there is none.
    flash_clock : Cell or None
        Cell that takes the clock of the flash which the device is configured from, its input
        ``"clock"``; None where it has a pin like others.
    global_buffer : Cell or None
        Cell whose output ``"o"`` takes its input ``"i"`` to all of a device by the wires of clocks;
        None where placement finds what should go there, or where resets do not.
    """

    name: str
    title: str
    block_shapes: tuple[tuple[int, int], ...]
    block_worth: float
    block_least: int
    single_port: SinglePort | None = None
    lut_ram: LutRam | None = None
    split_worth: float = 0
    ram_styles: Mapping[str, str]
    memory_gives_late: bool
    complement_takes_luts: bool
    masked_carry: MaskedCarry | None = None
    shares_chains: bool
    clears_in_luts: bool = False
    resets: bool = True
    chains: ChainCost
    carry_bits: int
    chain_luts: int = 0
    wide_multiplexers: bool
    lut_tree: LutTree | None = None
    counts_bare_cells: bool
    lut_rows: float = 16
    table_rows: float
    narrow_lanes: Mapping[int, float]
    reader: ReaderCost
    fill: float
    fifo_counter: int
    search_counter: int
    tools: Flow | None = None
    pll: type[PLL] | None = None
    flash_clock: Cell | None = None
    global_buffer: Cell | None = None

    def __repr__(self) -> str:
        return f"Family({self.name!r})"

    @property
    def flow(self) -> Flow:
        """Tool flow.

        Raises
        ------
        PlanError
            If there is none.
        """
        if self.tools is None:
            raise PlanError(f"nothing can be built for the {self.title} family; choose a board")
        return self.tools

    @property
    def block_bits(self) -> int:
        """Most bits that one block RAM holds."""
        return max(bits * rows for bits, rows in self.block_shapes)

    def block_rams(self, width: int, depth: int) -> int:
        """Block RAMs that a memory of ``depth`` rows of ``width`` bits takes."""
        return min(ceil(width / bits) * ceil(depth / rows) for bits, rows in self.block_shapes)

    def single_ports(self, width: int, depth: int) -> int:
        """Single-port RAMs that a memory of ``depth`` rows of ``width`` bits takes.

        Raises
        ------
        PlanError
            If the family has none.
        """
        if self.single_port is None:
            raise PlanError(f"{self.title} has no single-port RAM")
        return self.single_port.count(width, depth)

    def prefers_block(self, width: int, depth: int) -> bool:
        """Whether a read-only memory goes to block RAM rather than to LUTs.

        Parameters
        ----------
        width : int
            Bits of a row.
        depth : int
            Rows.
        """
        if self.wide_multiplexers or self.lut_rows < 16:
            luts = self.rom_luts(width, depth)
        else:
            luts = width * ceil(depth / 16) * 1.25  # a quarter of them selects
        return luts > self.block_worth * self.block_rams(width, depth)

    def selects(self, inputs: int) -> bool:
        """Whether values are better selected where registers hold them than moved among these.

        Registers that values move among have a LUT each, but for the last.
        """
        tree = self.lut_tree
        return tree is not None and tree.selector_luts(inputs) < inputs - 1

    def adder(self, bits: int) -> int:
        """LUTs of an adder of ``bits`` bits."""
        begin = self.chain_luts if bits >= self.chains.least else 0
        return self.carry_bits * ceil((bits + begin) / self.carry_bits)

    def rom_luts(self, width: int, depth: int) -> float:
        """LUTs of a read-only memory that is made of them.

        A LUT holds 16 rows of a bit. Wide multiplexers select among twice, four or eight times as
        many. Without them that takes LUTs, and rows share fewer the more there are: for random
        contents of 24 to 128 rows this is 20 % off at most, and with them not at all. A family with
        a :class:`~threefold.fpga.LutTree` takes as many as that has.

        Parameters
        ----------
        width : int
            Bits of a row.
        depth : int
            Rows.
        """
        if self.lut_rows < 16:
            return width * depth / self.lut_rows
        if depth <= 16:
            return min(width, 2**depth - 2)  # so many columns of so few rows differ, and need a LUT
        if self.lut_tree:
            return width * self.lut_tree.luts(depth)
        if self.wide_multiplexers:
            return width * 2 ** (depth - 1).bit_length() / 16
        return width * (0.15 * depth - 0.6)

    def rom(self, width: int, depth: int) -> Resources:
        """Resources of a read-only memory, wherever :meth:`prefers_block` puts it."""
        if self.prefers_block(width, depth):
            return Resources(bram=self.block_rams(width, depth))
        return Resources(self.rom_luts(width, depth))

    def threshold_table(self, width: int, depth: int) -> Resources:
        """Resources of a memory of thresholds that a requantizer reads; a single row is free."""
        if self.prefers_block(width, depth):
            return Resources(bram=self.block_rams(width, depth))
        if depth == 1:
            return Resources()
        # A LUT holds 16 rows of a bit; beyond, more LUTs select.
        return Resources(width * depth / (self.table_rows if depth > 16 else self.lut_rows))

    def buffer(self, width: int, depth: int, kind: str = "auto") -> Resources:
        """Resources of a memory that is written and read, as synthesis maps it.

        Parameters
        ----------
        width : int
            Bits of a row.
        depth : int
            Rows.
        kind : str
            One of :data:`~threefold.fpga.MEMORIES`; ``"spram"`` where the family has none is
            ``"auto"``, as is ``"split"`` where nothing is gained by :meth:`parts`.
        """
        if kind == "split":
            return self.split_buffer(width, self.parts(width, depth))
        if kind == "spram" and self.single_port:
            # Registers keep the word that was read.
            return Resources(width * 2, spram=self.single_ports(width, depth))
        blocks = self.block_rams(width, depth)
        if kind == "block":
            return Resources(bram=blocks)
        if self.lut_ram is None:
            if kind == "lut" or depth * width <= self.block_least * blocks:
                return Resources(width * ceil(depth / 2), ff=width * depth)
            return Resources(bram=blocks)
        bits, rows, luts, write = self.lut_ram
        banks = ceil(depth / rows)
        rams = banks * ceil(width / bits)
        if kind == "lut" or rams < self.block_least * blocks:
            return Resources(luts * rams + (banks - 1) * (width / 2 + 1), ff=write * rams)
        return Resources(bram=blocks)

    def parts(self, width: int, depth: int) -> tuple[tuple[int, str], ...]:
        """Parts that a memory is best made of, of rows that follow each other.

        Parts in block RAM are as deep as a block RAM of some shape, the deepest first, so that each
        begins at a multiple of its rows; rows beyond are RAM of LUTs.

        Parameters
        ----------
        width : int
            Bits of a row.
        depth : int
            Rows.

        Returns
        -------
        tuple of (int, str)
            Rows of each part, and one of :data:`~threefold.fpga.MEMORIES`. A single part is
            ``"auto"``: in no parts do block RAMs that are saved outweigh the LUTs.
        """
        whole, blocks = ((depth, "auto"),), self.buffer(width, depth).bram
        if self.lut_ram is None or not self.split_worth or not blocks:
            return whole
        parts, rest = [], depth
        for bits, rows in sorted(self.block_shapes, key=lambda shape: -shape[1]):
            if ceil(width / bits) == self.block_rams(width, rows):
                parts += rest // rows * [(rows, "block")]
                rest %= rows
        split = (*parts, *([(rest, "lut")] if rest else []))
        if not parts or len(split) == 1:
            return whole
        stacked = [(ceil(width / bits), ceil(depth / rows)) for bits, rows in self.block_shapes]
        _, banks = min((columns * banks, banks) for columns, banks in stacked)
        needed = self.split_buffer(width, split)
        luts = needed.cells - width * _selecting(banks)
        saved = blocks - needed.bram
        return split if saved > 0 and luts < self.split_worth * saved else whole

    def split_buffer(self, width: int, parts: tuple[tuple[int, str], ...]) -> Resources:
        """Resources of a memory in parts, and of what selects what was read.

        Parameters
        ----------
        width : int
            Bits of a row.
        parts : tuple of (int, str)
            See :meth:`parts`.
        """
        result = Resources(width * _selecting(len(parts)))
        for rows, kind in parts:
            result += self.buffer(width, rows, kind)
        return result


def _selecting(inputs: int) -> int:
    """LUTs that select a bit of some inputs where multiplexers beside LUTs do half of it."""
    return ceil(inputs / 2) if inputs > 1 else 0
