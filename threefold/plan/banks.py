"""Banks of an activation buffer: where the words lie that several pixels read at once."""

from dataclasses import dataclass
from math import ceil

import numpy as np

from .window import Walk

__all__ = ["Banks"]


@dataclass(frozen=True)
class Banks:
    """Layout of a ring of words in as many memories as pixels are worked on at once.

    Neighbouring output pixels read input columns that are a stride apart. Banks take so many
    columns each in turn, so that these columns are in banks of their own, whatever the column of
    the kernel. A row of the map begins in the first bank; where the banks do not divide it, the
    places behind it stay empty.

    Parameters
    ----------
    walk : Walk
    """

    walk: Walk

    @property
    def count(self) -> int:
        """Number of banks."""
        return self.walk.pixels

    @property
    def turn(self) -> int:
        """Columns of the map that a bank takes before it is the next one's turn."""
        return self.walk.window.stride[1] if self.count > 1 else 1

    @property
    def block(self) -> int:
        """Words that a bank takes before it is the next one's turn."""
        return self.turn * self.walk.pitch

    @property
    def row(self) -> int:
        """Places of a row of the map in each bank."""
        columns = self.walk.window.shape[1]
        return ceil(columns / (self.count * self.turn)) * self.block

    @property
    def gap(self) -> int:
        """Places of all banks that stay empty behind a row."""
        return self.count * self.row - self.row_words

    @property
    def row_words(self) -> int:
        """Words of a row of the map."""
        return self.walk.window.shape[1] * self.walk.pitch

    def capacity(self, depth: int) -> int:
        """Words in a row that fit wherever they begin.

        Parameters
        ----------
        depth : int
            Words of all banks, a multiple of their number.
        """
        turns, rest = divmod(depth // self.count, self.block)
        places = turns * self.count * self.block + rest
        if not self.gap:
            return places
        # The first row may have a single word, and every further one has its gap before it.
        rows, rest = divmod(places - 1, self.row_words + self.gap)
        return 1 + rows * self.row_words + max(0, rest - self.gap) if places else 0

    def holds(self, depth: int) -> bool:
        """Whether banks of so many words together are powers of two and hold every window."""
        each, rest = divmod(depth, self.count)
        powers = not rest and each > 1 and not each & (each - 1)
        return powers and self.capacity(depth) >= self.walk.least_depth

    def depth(self, words: int) -> int:
        """The smallest depth that holds so many words, banks being powers of two."""
        each = 2
        while self.capacity(each * self.count) < words:
            each *= 2
        return each * self.count

    @property
    def offsets(self) -> np.ndarray:
        """Place of each word of a kernel's row from that of the group of pixels: int64.

        That of the first of the pixels; those whose bank comes before its one are a block further.
        """
        columns, pitch = np.arange(self.walk.window.kernel[1]), self.walk.pitch
        columns = columns - self.walk.window.padding[1]
        group, within = np.divmod(columns, self.count * self.turn)
        places = group * self.block + within % self.turn * pitch
        return (places[:, None] + np.arange(pitch)).ravel()

    @property
    def firsts(self) -> np.ndarray:
        """Bank of each word of a kernel's row for the first of the pixels: int64."""
        columns = np.arange(self.walk.window.kernel[1]) - self.walk.window.padding[1]
        banks = columns // self.turn % self.count
        return np.repeat(banks, self.walk.pitch)
