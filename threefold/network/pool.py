"""Pooling: the maximum or the sum of each window, channel by channel."""

import math
from dataclasses import dataclass

from ..errors import NetworkError
from .op import Channelwise, require_codes, sum_of
from .types import Tensor
from .window import as_kernel, as_padding, as_stride, slide

__all__ = ["MaxPool", "SumPool"]


@dataclass(frozen=True, eq=False)
class MaxPool(Channelwise, kind="max_pool"):
    """The largest code of each window; a 1×1 window with a stride is subsampling.

    Parameters
    ----------
    kernel : (int, int)
        Height and width of a window.
    stride : (int, int)
        Vertical and horizontal step.
    padding : (int, int, int, int)
        Rows and columns of code 0 added at the top, left, bottom, right; fewer than the kernel
        has, so that no window is padding alone. They never win against a pixel.

    Raises
    ------
    NetworkError
        If a parameter is out of range.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)

    def __post_init__(self):
        object.__setattr__(self, "kernel", as_kernel(self.kernel))
        object.__setattr__(self, "stride", as_stride(self.stride))
        top, left, bottom, right = padding = as_padding(self.padding)
        if max(top, bottom) >= self.kernel[0] or max(left, right) >= self.kernel[1]:
            raise NetworkError(
                f"padding must be smaller than the {self.kernel[0]}×{self.kernel[1]} kernel, "
                f"not {padding}"
            )
        object.__setattr__(self, "padding", padding)

    def infer(self, *inputs: Tensor) -> Tensor:
        (tensor,) = inputs
        codes = require_codes("pooling", tensor)
        pixels = slide(tensor, self.kernel, self.stride, self.padding)
        return Tensor((*pixels, tensor.shape[2]), codes)

    def attributes(self) -> dict:
        return {
            "kernel": list(self.kernel),
            "stride": list(self.stride),
            "padding": list(self.padding),
        }


@dataclass(frozen=True, eq=False)
class SumPool(Channelwise, kind="sum_pool"):
    """The sum of each window's codes, which means the sum of its values.

    An average is a sum whose divisor is in the thresholds behind it. Global pooling is a kernel as
    large as the map.

    Parameters
    ----------
    kernel : (int, int)
        Height and width of a window.
    stride : (int, int)
        Vertical and horizontal step.

    Raises
    ------
    NetworkError
        If a parameter is out of range.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]

    def __post_init__(self):
        object.__setattr__(self, "kernel", as_kernel(self.kernel))
        object.__setattr__(self, "stride", as_stride(self.stride))

    def infer(self, *inputs: Tensor) -> Tensor:
        (tensor,) = inputs
        codes = require_codes("pooling", tensor)
        pixels = slide(tensor, self.kernel, self.stride)
        count = math.prod(self.kernel)
        total = sum_of(count * codes.max_code, codes.step, count * codes.offset)
        return Tensor((*pixels, tensor.shape[2]), total)

    def attributes(self) -> dict:
        return {"kernel": list(self.kernel), "stride": list(self.stride)}
