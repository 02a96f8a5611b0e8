"""What flows between layers in training: integers and what they stand for."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

__all__ = ["QuantTensor", "integers"]


@dataclass(frozen=True, eq=False)
class QuantTensor:
    """Integers with an affine meaning, ``value = codes * scale + shift``.

    Layers convolve the integers and carry scale and shift along, so that whatever hardware
    adds up is the very same integer in training, whatever the order of summation.

    Parameters
    ----------
    codes : float tensor, shape (images, channels, ...)
        Holds integers; floating point because that is what PyTorch multiplies fast.
        Exact below 2²⁴. In float networks, any real numbers.
    scale, shift : float tensor, shape () or (channels,)
        Common to all codes, or of each channel's own.
    """

    codes: Tensor
    scale: Tensor
    shift: Tensor

    @property
    def value(self) -> Tensor:
        """The real numbers that are meant, of the shape of ``codes``."""
        return self.codes * self.over_channels(self.scale) + self.over_channels(self.shift)

    def over_channels(self, parameter: Tensor) -> Tensor:
        """A view of ``parameter``, () or (channels,), that broadcasts against ``codes``."""
        if parameter.ndim == 0:
            return parameter
        return parameter.reshape(-1, *[1] * (self.codes.ndim - 2))


def integers(array: np.ndarray, device: torch.device | str = "cpu") -> Tensor:
    """An int64 tensor of an integer array of any type and memory layout."""
    return torch.from_numpy(np.ascontiguousarray(array, np.int64)).to(device)
