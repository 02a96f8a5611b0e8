"""Pooling of integers."""

import torch
from torch import nn
from torch.nn import functional

from threefold.errors import TrainingError

from .tensor import QuantTensor
from .window import four, pair

__all__ = ["MaxPool", "SumPool"]


class MaxPool(nn.Module):
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

    def extra_repr(self) -> str:
        return f"kernel={self.kernel}, stride={self.stride}, padding={self.padding}"


class SumPool(nn.Module):
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
        return QuantTensor(sums, x.scale / (kernel[0] * kernel[1]), x.shift)

    def window(self, height: int, width: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Kernel and stride for maps of that size."""
        kernel = self.kernel or (height, width)
        return kernel, self.stride or kernel

    def extra_repr(self) -> str:
        return f"kernel={self.kernel}, stride={self.stride}"
