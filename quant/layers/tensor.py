"""Quantized tensor: integers between layers in training, and their meaning."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

__all__ = ["QuantTensor", "flat", "integers", "over_channels"]


@dataclass(frozen=True, eq=False)
class QuantTensor:
    """Integers with an affine meaning, ``value = codes * scale + shift``.

    Layers convolve the integers and carry scale and shift along, so that whatever hardware
    adds up is the very same integer in training, whatever the order of summation.

    Parameters
    ----------
    codes : float tensor, shape (images, channels, ...)
        Holds integers, which may be negative: what the unsigned codes of a network mean.
        Floating point because that is what PyTorch multiplies fast, exact below 2²⁴. In float
        networks, any real numbers.
    scale, shift : float tensor, shape () or (channels,)
        Common to all codes, or of each channel's own.
    """

    codes: Tensor
    scale: Tensor
    shift: Tensor

    @property
    def value(self) -> Tensor:
        """The real numbers that are meant, of the shape of ``codes``."""
        scale, shift = over_channels(self.scale, self.codes), over_channels(self.shift, self.codes)
        return self.codes * scale + shift


def over_channels(parameter: Tensor, codes: Tensor) -> Tensor:
    """A view of ``parameter``, () or (channels,), that broadcasts against ``codes``."""
    if parameter.ndim == 0:
        return parameter
    return parameter.reshape(-1, *[1] * (codes.ndim - 2))


def flat(codes: Tensor) -> Tensor:
    """Vectors (images, inputs) of maps (images, channels, height, width).

    In the order of a network: row, column, channel. Vectors stay as they are.
    """
    return codes if codes.ndim == 2 else codes.permute(0, 2, 3, 1).flatten(1)


def integers(array: np.ndarray, device: torch.device | str = "cpu") -> Tensor:
    """A tensor of an integer array of any type and memory layout: uint8 of bytes, or int64."""
    dtype = np.uint8 if array.dtype == np.uint8 else np.int64
    return torch.from_numpy(np.ascontiguousarray(array, dtype)).to(device)
