"""Pooling of integers."""

import math
from typing import ClassVar

import torch
from torch.nn import functional

from threefold import network
from threefold.errors import TrainingError

from .rearrangement import Rearrangement
from .tensor import QuantTensor
from .window import four, pair

__all__ = ["MaxPool", "SumPool"]


class MaxPool(Rearrangement):
    """The largest of each window. A kernel of 1 with a stride takes a part of the pixels.

    Parameters
    ----------
    kernel : int or (int, int)
        Height and width.
    stride : int or (int, int), optional
        As large as the kernel if left out.
    padding : int, (int, int) or (int, int, int, int)
        Pixels around the map that never win, fewer than the kernel has.

    Raises
    ------
    TrainingError
        If a number is out of range.
    """

    node: ClassVar[str] = "pool"
    keeps_codes: ClassVar[bool] = True

    def __init__(
        self,
        kernel: int | tuple[int, int],
        stride: int | tuple[int, int] | None = None,
        padding: int | tuple[int, ...] = 0,
    ):
        super().__init__()
        self.kernel = pair(kernel, "a kernel")
        self.stride = self.kernel if stride is None else pair(stride, "a stride")
        self.padding = four(padding, "padding")
        top, left, bottom, right = self.padding
        if max(top, bottom) >= self.kernel[0] or max(left, right) >= self.kernel[1]:
            raise TrainingError(
                f"padding must be smaller than the {self.kernel[0]}×{self.kernel[1]} kernel, "
                f"not {self.padding}"
            )

    def forward(self, x: QuantTensor) -> QuantTensor:
        """Maps of the scale of ``x``, which must be one positive scale for all channels."""
        top, left, bottom, right = self.padding
        codes = x.codes
        if any(self.padding):
            codes = functional.pad(codes, (left, right, top, bottom), value=-torch.inf)
        return QuantTensor(functional.max_pool2d(codes, self.kernel, self.stride), x.scale, x.shift)

    def operation(self, height: int, width: int) -> network.MaxPool:
        return network.MaxPool(self.kernel, self.stride, self.padding)

    def extra_repr(self) -> str:
        return f"kernel={self.kernel}, stride={self.stride}, padding={self.padding}"


class SumPool(Rearrangement):
    """The average of each window, as a sum of integers with a scale so much smaller.

    Parameters
    ----------
    kernel : int or (int, int), optional
        Height and width; the whole map if left out.
    stride : int or (int, int), optional
        As large as the kernel if left out.

    Raises
    ------
    TrainingError
        If a number is out of range.
    """

    node: ClassVar[str] = "pool"

    def __init__(
        self,
        kernel: int | tuple[int, int] | None = None,
        stride: int | tuple[int, int] | None = None,
    ):
        super().__init__()
        self.kernel = None if kernel is None else pair(kernel, "a kernel")
        self.stride = self.kernel if stride is None else pair(stride, "a stride")

    def forward(self, x: QuantTensor) -> QuantTensor:
        """Maps of sums, which mean averages."""
        kernel, stride = self.window(*x.codes.shape[2:])
        sums = functional.avg_pool2d(x.codes, kernel, stride, divisor_override=1)
        return QuantTensor(sums, self.scaled(x.scale, *x.codes.shape[2:]), x.shift)

    def operation(self, height: int, width: int) -> network.SumPool:
        return network.SumPool(*self.window(height, width))

    def scaled(self, scale: torch.Tensor, height: int, width: int) -> torch.Tensor:
        kernel, _ = self.window(height, width)
        return scale / math.prod(kernel)

    def window(self, height: int, width: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Kernel and stride for maps of that size."""
        kernel = self.kernel or (height, width)
        return kernel, self.stride or kernel

    def extra_repr(self) -> str:
        return f"kernel={self.kernel}, stride={self.stride}"
