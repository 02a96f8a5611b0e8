"""Layers with ternary weights, or integer ones of few bits."""

import torch
from torch import Tensor

from threefold.errors import TrainingError

from ..weights import Statistical, WeightQuantizer
from .product import Convolution, MatrixProduct, Product
from .tensor import QuantTensor, over_channels

__all__ = ["Ternary", "TernaryConv", "TernaryLinear"]


class Ternary(Product):
    """Sums and differences of integers; the weights' scale goes into the output's.

    Parameters are those of the product, and:

    Parameters
    ----------
    bias : bool
        For the classifier. The bias is rounded to an integer in units of the accumulator, so
        that the logits are exactly integers times one scale.
    weights : WeightQuantizer, optional
        Makes the integers; :class:`Statistical` unless given.

    Raises
    ------
    TrainingError
        If there are a bias and one scale for each filter.
    """

    def __init__(self, *args, weights: WeightQuantizer | None = None, **options):
        super().__init__(*args, **options)
        self.quantizer = Statistical() if weights is None else weights
        if self.bias is not None and self.quantizer.per_filter:
            raise TrainingError("a layer with a bias has one scale, not one for each filter")
        self.restart()

    def restart(self) -> None:
        """Let what is learned beside the weights start anew, from the weights as they are."""
        self.quantizer.start((self.weight * self.mask).detach())

    def forward(self, x: QuantTensor) -> QuantTensor:
        """Accumulators of ``x``, whose shift must be 0."""
        ternary, bias, scale = self.integers(x.scale)
        multiply = self.product if self.training else self._exact_product
        # Algorithms such as Winograd's are off by less than a half, which rounding takes away.
        sums = _Nearest.apply(multiply(x.codes, ternary).float())
        if bias is not None:
            sums = sums + over_channels(bias.to(sums.dtype), sums)
        return QuantTensor(sums, scale, torch.zeros_like(scale))

    def _exact_product(self, codes: Tensor, ternary: Tensor) -> Tensor:
        """The product, without what makes it faster and loses bits."""
        if codes.device.type != "cpu":
            # TensorFloat-32 keeps 11 bits of a code, and single precision is too little for the
            # large sums of algorithms such as Winograd's.
            return self.product(codes.double(), ternary.double())
        with torch.autocast("cpu", enabled=False):
            return self.product(codes, ternary)

    def integers(self, input_scale: Tensor) -> tuple[Tensor, Tensor | None, Tensor]:
        """What the layer computes with, for inputs of that scale.

        Returns
        -------
        ternary : float tensor of the shape of the weights
            Exactly −1, 0, +1; further integers if the quantizer has more than 2 ``bits``. In a
            narrower network, those that it uses of the whole ones.
        bias : float tensor, shape (outputs,), or None
            Integers, in units of the accumulator.
        scale : float tensor, shape () or (outputs,)
            Value of one unit of the accumulator; in double precision in evaluation mode.
        """
        ternary, scale = self.quantizer(self.weight * self.mask, self.mask)
        ternary, scale = self.of_weights(ternary), self.of_outputs(scale)
        if self.training:
            scale = scale.to(self.weight.dtype)  # to learn, single precision is enough
        scale = scale * input_scale
        if self.bias is None:
            return ternary, None, scale
        bias = self.of_outputs(self.bias)
        return ternary, _HalfUp.apply(bias.to(scale.dtype) / scale), scale


class TernaryLinear(Ternary, MatrixProduct):
    """A fully connected layer with ternary weights; see :class:`MatrixProduct`."""


class TernaryConv(Ternary, Convolution):
    """A convolution with ternary weights; see :class:`Convolution`."""


class _HalfUp(torch.autograd.Function):
    """The rounding of everything that has a meaning; the gradient passes straight through."""

    @staticmethod
    def forward(ctx, x):
        return (x + 0.5).floor()

    @staticmethod
    def backward(ctx, grad):
        return grad


class _Nearest(torch.autograd.Function):
    """To the nearest integer, exact up to 2²⁴; the gradient passes straight through."""

    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, grad):
        return grad
