"""Sliding windows: kernel, stride and padding of convolution and pooling."""

from ..errors import NetworkError
from .check import as_integers
from .types import Tensor

__all__ = ["as_kernel", "as_padding", "as_stride", "slide"]

_LARGEST = 2**16  # kernel, stride and padding


def as_kernel(kernel) -> tuple[int, int]:
    """``kernel`` as height and width.

    Raises
    ------
    NetworkError
        If it is not two integers of at least 1.
    """
    return as_integers(kernel, "kernel", 2, 1, _LARGEST)


def as_stride(stride) -> tuple[int, int]:
    """``stride`` as vertical and horizontal step.

    Raises
    ------
    NetworkError
        If it is not two integers of at least 1.
    """
    return as_integers(stride, "stride", 2, 1, _LARGEST)


def as_padding(padding) -> tuple[int, int, int, int]:
    """``padding`` as top, left, bottom and right.

    Raises
    ------
    NetworkError
        If it is not four integers of at least 0.
    """
    return as_integers(padding, "padding", 4, 0, _LARGEST)


def slide(
    tensor: Tensor,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int, int, int] = (0, 0, 0, 0),
) -> tuple[int, int]:
    """Height and width of what windows over ``tensor`` give, one pixel each.

    A stride beyond the map is never taken: there is one window along that axis.

    Raises
    ------
    NetworkError
        If not one window fits, or the padded map is larger than a tensor may be.
    """
    height, width, channels = tensor.shape
    top, left, bottom, right = padding
    padded_h, padded_w = height + top + bottom, width + left + right
    if padded_h < kernel[0] or padded_w < kernel[1]:
        raise NetworkError(
            f"a {kernel[0]}×{kernel[1]} kernel does not fit into {height}×{width} pixels"
        )
    if (size := padded_h * padded_w * channels) > tensor.MAX_SIZE:
        raise NetworkError(
            f"a map and its padding hold at most {tensor.MAX_SIZE} elements, not {size}; pad less"
        )
    return (padded_h - kernel[0]) // stride[0] + 1, (padded_w - kernel[1]) // stride[1] + 1
