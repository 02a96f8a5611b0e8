"""Unfolding: parts of windows, gathered from the stream of a map before they are stored."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .window import Window

__all__ = ["Axis", "Unfolding"]


@dataclass(frozen=True)
class Axis:
    """Steps along the rows or the columns of a map, one for each and for padding behind them.

    Attributes
    ----------
    size : int
        Rows or columns of the map.
    steps : int
        Those, and further ones until the last window is complete.
    first : int
        Step that completes the first window.
    stride : int
        Steps from there to the next, and so on to the last step.
    """

    size: int
    steps: int
    first: int
    stride: int

    @property
    def takes(self) -> np.ndarray:
        """In which steps there is a row or a column of the map: bool, shape (steps,)."""
        return np.arange(self.steps) < self.size

    @property
    def gives(self) -> np.ndarray:
        """Which steps complete a window: bool, shape (steps,)."""
        ahead = np.arange(self.steps) - self.first
        return (ahead >= 0) & (ahead % self.stride == 0)


@dataclass(frozen=True)
class Unfolding:
    """A window as two: a patch that leaves a shift register whole, and what slides over patches.

    Patches are a map of their own, a pixel of which has the codes of a patch as channels, in the
    order row, column, channel. A patch is a row of the kernel, over which windows slide from row
    to row, or the whole kernel.

    Parameters
    ----------
    window : Window
        Its padding at the left, and for whole windows at the top, is less than the kernel.
    whole : bool
        Whether a patch is the whole kernel; a row of it otherwise.
    """

    window: Window
    whole: bool = False

    @property
    def patch(self) -> Window:
        """Geometry of the patches in the map."""
        window = self.window
        if self.whole:
            return window
        _, left, _, right = window.padding
        kernel, stride = (1, window.kernel[1]), (1, window.stride[1])
        return Window(window.shape, kernel, stride, (0, left, 0, right))

    @property
    def rest(self) -> Window:
        """Geometry of the windows in the map of patches."""
        shape = (*self.patch.out, self.codes)
        if self.whole:
            return Window(shape)
        top, _, bottom, _ = self.window.padding
        kernel, stride = (self.window.kernel[0], 1), (self.window.stride[0], 1)
        return Window(shape, kernel, stride, (top, 0, bottom, 0))

    @property
    def codes(self) -> int:
        """Codes of a patch."""
        height, width = self.patch.kernel
        return height * width * self.window.shape[2]

    @cached_property
    def axes(self) -> tuple[Axis, Axis]:
        """Steps along rows and columns."""
        rows, columns = (self._axis(number) for number in range(2))
        return rows, columns

    @property
    def steps(self) -> int:
        """Steps of an image: cycles that it takes at least."""
        rows, columns = self.axes
        return rows.steps * columns.steps

    @property
    def takes(self) -> np.ndarray:
        """Which steps take a pixel, row by row: bool, shape (steps,)."""
        rows, columns = self.axes
        return np.outer(rows.takes, columns.takes).ravel()

    @property
    def gives(self) -> np.ndarray:
        """Which steps complete a patch, row by row: bool, shape (steps,)."""
        rows, columns = self.axes
        return np.outer(rows.gives, columns.gives).ravel()

    def _axis(self, number: int) -> Axis:
        patch = self.patch
        size, stride = patch.shape[number], patch.stride[number]
        first = patch.kernel[number] - 1 - patch.padding[number]
        last = first + (patch.out[number] - 1) * stride
        return Axis(size, max(size, last + 1), first, stride)
