"""Geometries of windows, programs over them, and what they read, by plain loops."""

from dataclasses import dataclass

import numpy as np

from threefold.plan import Folding, Schedule
from threefold.plan.program import Program
from threefold.plan.window import Walk, Window

from .accelerators import make_layer

__all__ = ["READERS", "Reader", "Word"]


@dataclass(frozen=True)
class Word:
    """One read: the word of the stream, or None in the padding, and where it is looked for."""

    word: int | None
    place: int
    last: bool
    finish: bool


@dataclass(frozen=True)
class Reader:
    """A window, its words of one code each, and the share of tiles that hold weights."""

    window: Window
    lanes: int = 1
    kept: float = 1.0
    filters: int = 2

    @property
    def walk(self) -> Walk:
        return self.window.walk(self.window.shape[2] // self.lanes)

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
        return 1 << max(1, (self.walk.least_depth - 1).bit_length())

    def reads(self, images: int) -> list[Word]:
        """What is read of a stream of images, in order."""
        window, program, pitch = self.window, self.program, self.walk.pitch
        (height, width, _), (rows, columns) = window.shape, window.out
        top, left, _, _ = window.padding
        reads = []
        for image in range(images):
            for pixel in range(rows * columns):
                y, x = divmod(pixel, columns)
                for tile in range(len(program)):
                    column, word = divmod(int(program.columns[tile]), pitch)
                    row = y * window.stride[0] - top + int(program.rows[tile])
                    column += x * window.stride[1] - left
                    place = image * self.walk.words + (row * width + column) * pitch + word
                    inside = 0 <= row < height and 0 <= column < width
                    last, finish = bool(program.last[tile]), tile == len(program) - 1
                    reads.append(Word(place if inside else None, place, last, finish))
        return reads


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
    "skipping": Reader(Window((4, 3, 1), (1, 1), (2, 2), (1, 1, 0, 1))),
    "nothing": Reader(Window((2, 1, 1), (1, 1), (3, 2), (1, 1, 2, 0))),
    "sparse": Reader(Window((5, 5, 2), (3, 3), (1, 1), (0, 1, 1, 0)), kept=0.1),
}
