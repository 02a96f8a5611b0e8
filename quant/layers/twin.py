"""The layers of the float twin: the same shape without quantization, to compare with."""

import torch
from torch import Tensor, nn

from .product import Convolution, MatrixProduct, Product
from .tensor import QuantTensor

__all__ = ["Clamp", "FloatConv", "FloatLinear", "Identity", "Relu", "Rescale"]


class _Real(Product):
    def forward(self, x: QuantTensor) -> QuantTensor:
        """Real numbers, of scale 1."""
        weight = self.of_weights(self.weight * self.mask)
        bias = None if self.bias is None else self.of_outputs(self.bias)
        return _real(self.product(x.value, weight, bias).float())


class FloatLinear(_Real, MatrixProduct):
    """A fully connected layer of real weights; see :class:`MatrixProduct`."""


class FloatConv(_Real, Convolution):
    """A convolution of real weights; see :class:`Convolution`."""


class Relu(nn.Module):
    """The activation in the place of ``Quantize``."""

    def forward(self, x: QuantTensor) -> QuantTensor:
        """Real numbers of the shape of ``x``, of scale 1."""
        return _real(x.value.clamp(min=0).float())


class Clamp(nn.Module):
    """The activation in the place of ``Quantize`` where it clips above as well.

    Parameters
    ----------
    low, high : float
    """

    def __init__(self, low: float, high: float):
        super().__init__()
        self.low = low
        self.high = high

    def forward(self, x: QuantTensor) -> QuantTensor:
        """Real numbers of the shape of ``x``, of scale 1."""
        return _real(x.value.clamp(self.low, self.high).float())

    def extra_repr(self) -> str:
        return f"{self.low:g}, {self.high:g}"


class Identity(nn.Module):
    """Identity in the place of ``Quantize`` where codes are signed and no activation is meant."""

    def forward(self, x: QuantTensor) -> QuantTensor:
        """The same real numbers, of scale 1."""
        return _real(x.value.float())


class Rescale(nn.Module):
    """Rescaling in the place of ``QuantizeLike``: another scale for the same real numbers."""

    def forward(self, x: QuantTensor, like: QuantTensor) -> QuantTensor:
        """``x`` with the scale of ``like``, shift 0."""
        codes = (x.value / like.scale).float()
        return QuantTensor(codes, like.scale, torch.zeros_like(like.scale))


def _real(value: Tensor) -> QuantTensor:
    one = torch.ones((), dtype=value.dtype, device=value.device)
    return QuantTensor(value, one, torch.zeros_like(one))
