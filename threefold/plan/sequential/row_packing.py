"""Row packing: items of any width in the rows of a memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

__all__ = ["Packing", "joined_bits"]


@dataclass(frozen=True)
class Packing:
    """Items in rows: several in each, or each in several.

    Parameters
    ----------
    bits : int
        Width of an item.
    row_bits : int
    """

    bits: int
    row_bits: int

    @property
    def parts(self) -> int:
        """Rows of an item."""
        return ceil(self.bits / self.row_bits)

    @property
    def share(self) -> int:
        """Items of a row; 1 if an item takes several."""
        return max(1, self.row_bits // self.bits)

    def count(self, items: int) -> int:
        """Rows that hold so many items."""
        return ceil(items / self.share) * self.parts

    def rows(self, items: Sequence[int]) -> list[int]:
        """The rows that hold some items, the first in the lowest bits."""
        if self.parts > 1:
            mask = (1 << self.row_bits) - 1
            shifts = range(0, self.parts * self.row_bits, self.row_bits)
            return [item >> shift & mask for item in items for shift in shifts]
        groups = (items[n : n + self.share] for n in range(0, len(items), self.share))
        return [joined_bits((item, self.bits) for item in group) for group in groups]


def joined_bits(values: Iterable[tuple[int, int]]) -> int:
    """One integer of values and their widths in bits, the first lowest."""
    result = shift = 0
    for value, bits in values:
        result |= value << shift
        shift += bits
    return result
