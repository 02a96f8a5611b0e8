"""What memories and logic take of an FPGA."""

from dataclasses import dataclass
from math import ceil

from ..errors import PlanError

__all__ = [
    "BLOCK_WORTH",
    "MEMORIES",
    "SPRAM_BITS",
    "SPRAM_ROWS",
    "Resources",
    "block_bits",
    "block_rams",
    "prefers_block",
    "rom_luts",
    "single_ports",
]

_BLOCKS = {
    "ice40": ((16, 256), (8, 512), (4, 1024), (2, 2048)),
    "ecp5": ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384)),
}
"""Shapes (bits, rows) that one block RAM takes, by family."""

BLOCK_WORTH = {"ice40": 60, "ecp5": 200}
"""LUTs that one block RAM has to save: iCE40UP5K has 176 for each of its blocks, ECP5 400."""


MEMORIES = ("auto", "lut", "block", "spram")
"""Kinds of memory that an activation buffer can be told to be in."""

SPRAM_BITS, SPRAM_ROWS = 16, 16384
"""Shape of one SB_SPRAM256KA; an iCE40UP5K has four."""


@dataclass(frozen=True)
class Resources:
    """What is taken: LUTs, block RAMs, single-port RAMs, and the flip-flops of memories.

    These flip-flops share no logic cell with a LUT.
    """

    lut: float = 0
    bram: int = 0
    ff: int = 0
    spram: int = 0

    def __add__(self, other: "Resources") -> "Resources":
        return Resources(
            self.lut + other.lut,
            self.bram + other.bram,
            self.ff + other.ff,
            self.spram + other.spram,
        )

    @property
    def cells(self) -> float:
        """Logic cells."""
        return self.lut + self.ff


def prefers_block(width: int, depth: int, family: str | None = None) -> bool:
    """Whether a read-only memory goes to block RAM rather than to LUTs.

    Parameters
    ----------
    width : int
        Bits of a row.
    depth : int
        Rows.
    family : str, optional
        ``"ice40"`` or ``"ecp5"``; if left out, it is decided as for iCE40, the smallest.

    Raises
    ------
    PlanError
        If there is no such family.
    """
    family = family or "ice40"
    blocks = block_rams(width, depth, family)
    luts = rom_luts(width, depth, family)
    if family == "ice40":
        luts = width * ceil(depth / 16) * 1.25  # a quarter of them selects
    return luts > BLOCK_WORTH[family] * blocks


def block_rams(width: int, depth: int, family: str) -> int:
    """Block RAMs that a memory of ``depth`` rows of ``width`` bits takes."""
    if family not in _BLOCKS:
        raise PlanError(f"families are {' and '.join(_BLOCKS)}, not {family!r}")
    return min(ceil(width / bits) * ceil(depth / rows) for bits, rows in _BLOCKS[family])


def single_ports(width: int, depth: int) -> int:
    """Single-port RAMs that a memory of ``depth`` rows of ``width`` bits takes."""
    return ceil(width / SPRAM_BITS) * ceil(depth / SPRAM_ROWS)


def block_bits(family: str) -> int:
    """Most bits that one block RAM holds."""
    if family not in _BLOCKS:
        raise PlanError(f"families are {' and '.join(_BLOCKS)}, not {family!r}")
    return max(bits * rows for bits, rows in _BLOCKS[family])


def rom_luts(width: int, depth: int, family: str) -> float:
    """LUTs of a read-only memory that is made of them.

    A LUT holds 16 rows of a bit. On ECP5 multiplexers beside the LUTs select among twice, four or
    eight times as many; on iCE40 that takes LUTs, and rows share fewer the more there are. For
    random contents of 24 to 128 rows that is 20 % off at most on iCE40, and not at all on ECP5.

    Parameters
    ----------
    width : int
        Bits of a row.
    depth : int
        Rows.
    family : str
        ``"ice40"`` or ``"ecp5"``.
    """
    if depth <= 16:
        return min(width, 2**depth - 2)  # as many columns of so few rows differ, and need a LUT
    if family == "ecp5":
        return width * 2 ** (depth - 1).bit_length() / 16
    return width * (0.15 * depth - 0.6)
