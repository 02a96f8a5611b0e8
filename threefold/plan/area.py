"""What memories and logic take of an FPGA."""

from dataclasses import dataclass
from math import ceil

from ..errors import PlanError

__all__ = ["BLOCK_WORTH", "Resources", "block_bits", "block_rams", "prefers_block", "rom_luts"]

_BLOCKS = {
    "ice40": ((16, 256), (8, 512), (4, 1024), (2, 2048)),
    "ecp5": ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384)),
}
"""Shapes (bits, rows) that one block RAM takes, by family."""

BLOCK_WORTH = 60
"""LUTs that one block RAM has to save; iCE40UP5K has 176 for each of its blocks."""


@dataclass(frozen=True)
class Resources:
    """LUTs, block RAMs, and the flip-flops of memories, which share no logic cell with a LUT."""

    lut: float = 0
    bram: int = 0
    ff: int = 0

    def __add__(self, other: "Resources") -> "Resources":
        return Resources(self.lut + other.lut, self.bram + other.bram, self.ff + other.ff)

    @property
    def cells(self) -> float:
        """Logic cells."""
        return self.lut + self.ff


def prefers_block(width: int, depth: int) -> bool:
    """Whether a read-only memory goes to block RAM rather than to LUTs.

    A LUT holds 16 bits, and one more for every four of them selects; a block of the smallest
    device holds 256 rows of 16 bits.

    Parameters
    ----------
    width : int
        Bits of a row.
    depth : int
        Rows.
    """
    return rom_luts(width, depth) > BLOCK_WORTH * block_rams(width, depth, "ice40")


def block_rams(width: int, depth: int, family: str) -> int:
    """Block RAMs that a memory of ``depth`` rows of ``width`` bits takes."""
    if family not in _BLOCKS:
        raise PlanError(f"families are {' and '.join(_BLOCKS)}, not {family!r}")
    return min(ceil(width / bits) * ceil(depth / rows) for bits, rows in _BLOCKS[family])


def block_bits(family: str) -> int:
    """Most bits that one block RAM holds."""
    if family not in _BLOCKS:
        raise PlanError(f"families are {' and '.join(_BLOCKS)}, not {family!r}")
    return max(bits * rows for bits, rows in _BLOCKS[family])


def rom_luts(width: int, depth: int) -> float:
    return width * ceil(depth / 16) * 1.25
