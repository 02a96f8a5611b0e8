"""Program: the order in which an engine reads the words of a window."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

__all__ = ["Program", "Programs"]


@dataclass(frozen=True, eq=False)
class Program:
    """One entry for each cycle that an output pixel takes.

    A word of a window is named by its kernel row and its column, which counts the words of
    that row from the left: pixel times pitch plus the word within the pixel.

    Parameters
    ----------
    rows, columns : array of int64, shape (tiles,)
        Which word is read.
    last : array of bool, shape (tiles,)
        Whether a result is complete with it. Where weights have several digits, a result takes the
        words of each.
    height, width : int
        Kernel rows, and words in each.
    """

    rows: np.ndarray
    columns: np.ndarray
    last: np.ndarray
    height: int
    width: int

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def fewest(self) -> int:
        """Fewest tiles of a window."""
        return len(self)

    @property
    def results(self) -> int:
        """Results of a pixel."""
        return int(self.last.sum())

    @cached_property
    def shortest(self) -> int:
        """Fewest tiles of a result."""
        return int(np.diff(np.flatnonzero(self.last), prepend=-1).min())

    @cached_property
    def rounds(self) -> int:
        """How often every result takes all words in order; 0 if they do anything else."""
        words, index = self.height * self.width, np.arange(len(self))
        count, rest = divmod(len(self), words * self.results)
        if (
            rest == 0
            and np.array_equal(self.rows * self.width + self.columns, index % words)
            and np.array_equal(self.last, index % (words * count) == words * count - 1)
        ):
            return count
        return 0

    @property
    def counted(self) -> bool:
        """Whether every result takes all words in order, so that counters are enough."""
        return self.rounds > 0

    @property
    def row_bits(self) -> int:
        """Width of a kernel row's number."""
        return (self.height - 1).bit_length()

    @property
    def column_bits(self) -> int:
        """Width of a column's number."""
        return (self.width - 1).bit_length()

    @property
    def bits(self) -> int:
        """Bits of an entry in memory; none where counters or constants are enough."""
        return 0 if self.counted or len(self) == 1 else self.row_bits + self.column_bits + 1


@dataclass(frozen=True, eq=False)
class Programs:
    """The programs of all widths of a network, one behind the other in a memory.

    Parameters
    ----------
    widths : tuple of Program
        That of the whole network first.
    """

    widths: tuple[Program, ...]

    def __len__(self) -> int:
        return sum(map(len, self.widths))

    @property
    def fewest(self) -> int:
        """Fewest tiles of a window."""
        return min(map(len, self.widths))

    @property
    def shortest(self) -> int:
        """Fewest tiles of a result."""
        return min(each.shortest for each in self.widths)

    @property
    def starts(self) -> list[int]:
        """Entry with which the program of each width begins."""
        ends = np.cumsum([len(each) for each in self.widths])
        return [0, *ends[:-1].tolist()]

    @property
    def height(self) -> int:
        """Kernel rows."""
        return self.widths[0].height

    @property
    def width(self) -> int:
        """Words in a kernel row."""
        return self.widths[0].width

    @property
    def row_bits(self) -> int:
        """Width of a kernel row's number."""
        return self.widths[0].row_bits

    @property
    def column_bits(self) -> int:
        """Width of a column's number."""
        return self.widths[0].column_bits

    @property
    def rows(self) -> np.ndarray:
        """Kernel row of each entry."""
        return np.concatenate([each.rows for each in self.widths])

    @property
    def columns(self) -> np.ndarray:
        """Column of each entry."""
        return np.concatenate([each.columns for each in self.widths])

    @property
    def last(self) -> np.ndarray:
        """Whether a result is complete with each entry."""
        return np.concatenate([each.last for each in self.widths])

    @property
    def finish(self) -> np.ndarray:
        """Whether each entry is the last of its window."""
        return np.isin(np.arange(len(self)) + 1, [*self.starts[1:], len(self)])

    @property
    def bits(self) -> int:
        """Bits of an entry in memory."""
        return self.row_bits + self.column_bits + 2
