"""Geometries of windows, programs over them, and what they read, by plain loops."""

from dataclasses import dataclass

import numpy as np

from threefold.plan import Folding, Schedule
from threefold.plan.banks import Banks
from threefold.plan.program import Program
from threefold.plan.window import Walk, Window

from .accelerators import make_layer

__all__ = ["READERS", "Reader", "Word"]


@dataclass(frozen=True)
class Word:
    """One read: for each pixel the word of the stream, or None in the padding, and its place.

    A place is a bank and the address there. Pixels beyond the row are left out.
    """

    words: tuple[int | None, ...]
    places: tuple[tuple[int, int], ...]
    last: bool
    finish: bool


@dataclass(frozen=True)
class Reader:
    """Windows, words of one code each, the share of tiles that hold weights, pixels at once."""

    window: Window
    lanes: int = 1
    kept: float = 1.0
    filters: int = 2
    pixels: int = 1

    @property
    def walk(self) -> Walk:
        return self.window.walk(self.window.shape[2] // self.lanes, self.pixels)

    @property
    def program(self) -> Program:
        size = (self.filters, *self.window.kernel, self.window.shape[2])
        weights = np.random.default_rng(0).random(size) < self.kept
        layer = make_layer(
            weights,
            shape=self.window.shape,
            stride=self.window.stride,
            padding=self.window.padding,
        )
        return Schedule(layer, Folding(1, self.lanes)).program

    @property
    def depth(self) -> int:
        """The smallest ring."""
        depth = 2 * self.pixels
        while Banks(self.walk).capacity(depth) < self.walk.least_depth:
            depth *= 2
        return depth

    def reads(self, images: int) -> list[Word]:
        """What is read of a stream of images, in order."""
        window, program, pitch = self.window, self.program, self.walk.pitch
        (height, width, _), (rows, columns) = window.shape, window.out
        reads = []
        for image in range(images):
            for y in range(rows):
                for first in range(0, columns, self.pixels):
                    pixels = range(first, min(first + self.pixels, columns))
                    for tile in range(len(program)):
                        row = y * window.stride[0] - window.padding[0] + int(program.rows[tile])
                        kernel_column, word = divmod(int(program.columns[tile]), pitch)
                        words, places = [], []
                        for x in pixels:
                            column = x * window.stride[1] - window.padding[1] + kernel_column
                            inside = 0 <= row < height and 0 <= column < width
                            index = image * self.walk.words + (row * width + column) * pitch + word
                            words.append(index if inside else None)
                            places.append(self._place(image * height + row, column, word))
                        last, finish = bool(program.last[tile]), tile == len(program) - 1
                        reads.append(Word(tuple(words), tuple(places), last, finish))
        return reads

    def _place(self, row: int, column: int, word: int) -> tuple[int, int]:
        """Bank and address of a word, the rows of all images counted on."""
        width, pitch = self.window.shape[1], self.walk.pitch
        if self.pixels == 1:
            return 0, (row * width + column) * pitch + word
        turn = self.window.stride[1]
        groups = -(-width // (turn * self.pixels))
        group, within = divmod(column, turn * self.pixels)
        return within // turn, ((row * groups + group) * turn + within % turn) * pitch + word


READERS = {
    "vector": Reader(Window((1, 1, 6)), lanes=2, filters=3),
    "one_word": Reader(Window((1, 1, 4)), lanes=4, filters=1),
    "pruned_vector": Reader(Window((1, 1, 12)), lanes=2, kept=0.1),
    "pointwise": Reader(Window((3, 4, 2)), lanes=2, filters=1),
    "pointwise_strided": Reader(Window((5, 4, 2), (1, 1), (2, 3))),
    "square": Reader(Window((5, 6, 2), (3, 3)), lanes=2),
    "padded": Reader(Window((4, 5, 2), (3, 3), (1, 1), (1, 1, 1, 1)), lanes=2),
    "lopsided": Reader(Window((5, 4, 4), (3, 2), (2, 1), (2, 0, 1, 1)), lanes=2, kept=0.3),
    "left_only": Reader(Window((3, 5, 1), (2, 3), (1, 2), (0, 2, 0, 0))),
    "strided": Reader(Window((7, 7, 2), (2, 3), (3, 2))),
    "disjoint": Reader(Window((7, 8, 1), (2, 2), (3, 4))),
    "row": Reader(Window((1, 9, 2), (1, 4), (1, 2), (0, 3, 0, 1)), lanes=2),
    "column": Reader(Window((6, 1, 3), (3, 1), (2, 1), (1, 0, 2, 0)), lanes=3, kept=0.5),
    "whole": Reader(Window((3, 3, 2), (3, 3)), lanes=2),
    "beyond": Reader(Window((3, 4, 2), (2, 3), (5, 9)), lanes=2),
    "beyond_padded": Reader(Window((1, 2, 2), (3, 3), (2, 3), (2, 2, 2, 2)), lanes=2),
    "framed": Reader(Window((2, 3, 1), (1, 1), (1, 1), (1, 1, 1, 1))),
    "far": Reader(Window((3, 3, 2), (2, 2), (2, 1), (3, 0, 2, 4)), lanes=2),
    "long": Reader(Window((1, 12, 2), (1, 11), (1, 1), (0, 5, 0, 5)), lanes=2, kept=0.5),
    "skipping": Reader(Window((4, 3, 1), (1, 1), (2, 2), (1, 1, 0, 1))),
    "nothing": Reader(Window((2, 1, 1), (1, 1), (3, 2), (1, 1, 2, 0))),
    "sparse": Reader(Window((5, 5, 2), (3, 3), (1, 1), (0, 1, 1, 0)), kept=0.1),
    "pair": Reader(Window((4, 6, 2), (3, 3), (1, 1), (1, 1, 1, 1)), lanes=2, pixels=2),
    "pair_of_odd": Reader(Window((4, 5, 2), (3, 3), (1, 1), (1, 1, 1, 1)), pixels=2),
    "three_strided": Reader(Window((5, 9, 2), (3, 2), (2, 2), (1, 0, 0, 1)), pixels=3, kept=0.5),
    "four_lopsided": Reader(Window((3, 7, 2), (2, 3), (1, 1), (1, 3, 0, 2)), lanes=2, pixels=4),
    "row_at_once": Reader(Window((3, 6, 1), (1, 1)), pixels=6, filters=1),
    "pair_apart": Reader(Window((3, 8, 2), (2, 2), (2, 3)), pixels=2),
}
