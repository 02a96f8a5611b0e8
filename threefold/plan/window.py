"""Sliding window over a stream of maps: words needed and words left behind, by pixel."""

from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import ClassVar

import numpy as np

__all__ = ["Edges", "Walk", "Window"]


@dataclass(frozen=True)
class Window:
    """Geometry of a sliding kernel.

    Parameters
    ----------
    shape : (int, int, int)
        Height, width and channels of the input.
    kernel, stride : (int, int)
        Vertical and horizontal.
    padding : (int, int, int, int)
        Rows and columns added at the top, left, bottom, right.
    """

    shape: tuple[int, int, int]
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def out(self) -> tuple[int, int]:
        """Rows and columns of output pixels."""
        top, left, bottom, right = self.padding
        height, width, _ = self.shape
        return (
            (height + top + bottom - self.kernel[0]) // self.stride[0] + 1,
            (width + left + right - self.kernel[1]) // self.stride[1] + 1,
        )

    @property
    def pixels(self) -> int:
        """Output pixels of an image."""
        rows, columns = self.out
        return rows * columns

    def walk(self, pitch: int, pixels: int = 1) -> "Walk":
        """Walk over an image whose pixels take ``pitch`` words each, see :class:`Walk`."""
        return Walk(self, pitch, pixels)


@dataclass(frozen=True)
class Edges:
    """Where windows reach beyond the map along one axis: ``place * stride + index - before``.

    Parameters
    ----------
    places : int
        Places of a window along the axis.
    stride : int
        From each to the next.
    indices : int
        Extent of the kernel.
    before : int
        What is added in front of the map.
    size : int
        Extent of the map.
    """

    places: int
    stride: int
    indices: int
    before: int
    size: int

    FEW: ClassVar[int] = 8
    """Places that are compared one by one; a sum is smaller where more reach beyond the map."""

    @cached_property
    def outside(self) -> dict[int, list[int]]:
        """For each place that reaches beyond the map, 1 for each index that is there."""
        positions = np.arange(self.places)[:, None] * self.stride + np.arange(self.indices)
        positions -= self.before
        beyond = (positions < 0) | (positions >= self.size)
        places = np.flatnonzero(beyond.any(axis=1)).tolist()
        return {place: beyond[place].astype(int).tolist() for place in places}

    @property
    def few(self) -> bool:
        """Whether the places are compared one by one."""
        return len(self.outside) <= self.FEW


@dataclass(frozen=True)
class Walk:
    """The windows of an image in order, in terms of the words of its stream.

    Parameters
    ----------
    window : Window
    pitch : int
        Words of a pixel.
    pixels : int
        Neighbouring output pixels of a row whose windows are taken together, in a step; the last
        step of a row takes those that are left.
    """

    window: Window
    pitch: int
    pixels: int = 1

    @property
    def words(self) -> int:
        """Words of an image."""
        height, width, _ = self.window.shape
        return height * width * self.pitch

    @property
    def shape(self) -> tuple[int, int]:
        """Rows of output pixels, and steps of each."""
        rows, columns = self.window.out
        return rows, ceil(columns / self.pixels)

    @property
    def steps(self) -> int:
        """Steps of an image."""
        rows, steps = self.shape
        return rows * steps

    @property
    def rows(self) -> Edges:
        """Rows of the kernel over those of the map."""
        (height, _, _), window = self.window.shape, self.window
        return Edges(self.shape[0], window.stride[0], window.kernel[0], window.padding[0], height)

    def columns(self, pixel: int = 0) -> Edges:
        """Words of a row of the kernel over those of the map, for a pixel of each step.

        The last step of a row may have windows beyond the map, whose results are dropped.
        """
        window, pitch = self.window, self.pitch
        before = (window.padding[1] - pixel * window.stride[1]) * pitch
        stride, width = self.pixels * window.stride[1] * pitch, window.shape[1] * pitch
        return Edges(self.shape[1], stride, window.kernel[1] * pitch, before, width)

    @cached_property
    def needed(self) -> np.ndarray:
        """For each step how many words must have arrived before: int64, ascending.

        At least one, so that no image begins to leave before it begins to arrive.
        """
        height, width, _ = self.window.shape
        y, x = self._corners()
        last_y = np.minimum(y + self.window.kernel[0], height) - 1
        last_x = np.minimum(x + self.window.kernel[1], width)
        needed = (last_y[:, None] * width + last_x[None, :]) * self.pitch
        needed[self._empty] = 1
        columns = self.window.out[1]
        needed = np.maximum.accumulate(needed.ravel()).reshape(-1, columns)
        last = np.append(np.arange(self.pixels, columns, self.pixels), columns)
        return needed[:, last - 1].ravel()

    @cached_property
    def done(self) -> np.ndarray:
        """For each step how many words neither it nor a later one reads: int64.

        No more than have arrived, and none at the first.
        """
        y, x = self._corners()
        width = self.window.shape[1]
        first = (np.maximum(y, 0)[:, None] * width + np.maximum(x, 0)[None, :]) * self.pitch
        first[self._empty] = self.words
        first[0, 0] = 0
        done = np.minimum.accumulate(first.ravel()[::-1])[::-1].reshape(first.shape)
        return np.minimum(done[:, :: self.pixels].ravel(), self.needed)

    @cached_property
    def needs(self) -> np.ndarray:
        """Words that the step after each needs in addition; after the last comes an image."""
        return np.diff(self.needed, append=self.words + self.needed[0])

    @cached_property
    def frees(self) -> np.ndarray:
        """Words that each step leaves behind for good."""
        return np.diff(self.done, append=self.words + self.done[0])

    @property
    def least_depth(self) -> int:
        """Words that must be held at once for anything to move."""
        return int((self.needed - self.done).max())

    @property
    def smooth_depth(self) -> int:
        """Words to hold so that a producer of constant rate never makes the windows wait."""
        rate = self.words / len(self.needed)
        ahead = (self.needed - rate * np.arange(len(self.needed))).max()
        arrived = ahead + rate * np.arange(1, len(self.needed) + 1)
        return max(self.least_depth, ceil((arrived - self.done).max() - 1e-9))

    @property
    def _empty(self) -> np.ndarray:
        """Where a window is padding alone: bool, shape (rows, columns)."""
        (y, x), (height, width, _) = self._corners(), self.window.shape
        rows = (y + self.window.kernel[0] <= 0) | (y >= height)
        columns = (x + self.window.kernel[1] <= 0) | (x >= width)
        return rows[:, None] | columns[None, :]

    def _corners(self) -> tuple[np.ndarray, np.ndarray]:
        """Upper and left edge of the windows in input pixels; negative in the padding."""
        rows, columns = self.window.out
        top, left, _, _ = self.window.padding
        return (
            np.arange(rows) * self.window.stride[0] - top,
            np.arange(columns) * self.window.stride[1] - left,
        )
