"""The layers of the float twin: the same shape without quantization, to compare with."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from .tensor import QuantTensor

__all__ = ["FloatLinear", "Relu"]


class FloatLinear(nn.Module):
    """A fully connected layer of real weights, with the parameters of ``TernaryLinear``.

    Parameters
    ----------
    inputs, outputs : int
    bias : bool
    generator : torch.Generator, optional
        Source of the initial weights, uniform within ±√(3 / inputs).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        bias: bool = False,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        self.inputs = inputs
        self.outputs = outputs
        bound = (3 / inputs) ** 0.5
        weight = torch.rand(outputs, inputs, generator=generator) * 2 * bound - bound
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None

    def forward(self, x: QuantTensor) -> QuantTensor:
        """Real numbers (images, outputs), of scale 1."""
        return _real(functional.linear(x.value, self.weight, self.bias))

    def extra_repr(self) -> str:
        return f"{self.inputs}, {self.outputs}, bias={self.bias is not None}"


class Relu(nn.Module):
    """The activation in the place of ``Quantize``."""

    def forward(self, x: QuantTensor) -> QuantTensor:
        """Real numbers of the shape of ``x``, of scale 1."""
        return _real(x.value.clamp(min=0).float())


def _real(value: Tensor) -> QuantTensor:
    one = torch.ones((), dtype=value.dtype, device=value.device)
    return QuantTensor(value, one, torch.zeros_like(one))
