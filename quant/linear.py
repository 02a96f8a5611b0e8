"""A fully connected layer with ternary weights."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from .tensor import QuantTensor
from .weight import RATIO, ternarize

__all__ = ["TernaryLinear"]


class TernaryLinear(nn.Module):
    """Sums and differences of integer codes; the weights' scale goes into the output's.

    Parameters
    ----------
    inputs, outputs : int
    bias : bool
        For the classifier. The bias is rounded to an integer in units of the accumulator, so
        that the logits are exactly integers times one scale.
    ratio : float
        Threshold of the ternary weights as a share of the largest.
    generator : torch.Generator, optional
        Source of the initial weights, uniform within ±√(3 / inputs).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        bias: bool = False,
        ratio: float = RATIO,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        self.inputs = inputs
        self.outputs = outputs
        self.ratio = ratio
        bound = (3 / inputs) ** 0.5
        weight = torch.rand(outputs, inputs, generator=generator) * 2 * bound - bound
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None

    def forward(self, x: QuantTensor) -> QuantTensor:
        """Accumulators (images, outputs) of ``x`` (images, inputs), whose shift must be 0."""
        ternary, bias, scale = self.integers(x.scale)
        sums = functional.linear(x.codes, ternary)
        if bias is not None:
            sums = sums + bias.to(sums.dtype)
        return QuantTensor(sums, scale, torch.zeros_like(scale))

    def integers(self, input_scale: Tensor) -> tuple[Tensor, Tensor | None, Tensor]:
        """What the layer computes with, for inputs of that scale.

        Returns
        -------
        ternary : float tensor, shape (outputs, inputs)
            Exactly −1, 0, +1.
        bias : float tensor, shape (outputs,), or None
            Integers, in units of the accumulator.
        scale : float tensor, shape ()
            Value of one unit of the accumulator; in double precision in evaluation mode.
        """
        ternary, scale = ternarize(self.weight, self.ratio)
        if self.training:
            scale = scale.to(self.weight.dtype)  # to learn, single precision is enough
        scale = scale * input_scale
        if self.bias is None:
            return ternary, None, scale
        return ternary, _Round.apply(self.bias.to(scale.dtype) / scale), scale

    def extra_repr(self) -> str:
        return f"{self.inputs}, {self.outputs}, bias={self.bias is not None}, ratio={self.ratio}"


class _Round(torch.autograd.Function):
    """Half up, like every rounding here; the gradient passes straight through."""

    @staticmethod
    def forward(ctx, x):
        return (x + 0.5).floor()

    @staticmethod
    def backward(ctx, grad):
        return grad
