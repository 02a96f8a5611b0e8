"""Layers of either kind, so that a network is defined once."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from ...network import Codes
from ..layers import (
    Convolution,
    FloatConv,
    FloatLinear,
    MatrixProduct,
    Norm,
    Product,
    Quantize,
    QuantizeLike,
    Relu,
    Rescale,
    Residual,
    TernaryConv,
    TernaryLinear,
)

__all__ = ["Kit"]


@dataclass(frozen=True, eq=False)
class Kit:
    """Makes layers of a ternary network, or those of its float twin in their place.

    Parameters
    ----------
    ternary : bool
    codes : Codes or int
        Type of the activations; an integer means unsigned ones of so many bits.
    generator : torch.Generator
        Source of the initial weights.
    """

    ternary: bool
    codes: Codes | int
    generator: torch.Generator

    def linear(self, inputs: int, outputs: int, **options) -> MatrixProduct:
        """A fully connected layer."""
        kind = TernaryLinear if self.ternary else FloatLinear
        return kind(inputs, outputs, generator=self.generator, **options)

    def conv(self, inputs: int, outputs: int, kernel: int | tuple, **options) -> Convolution:
        """A convolution."""
        kind = TernaryConv if self.ternary else FloatConv
        return kind(inputs, outputs, kernel, generator=self.generator, **options)

    def active(self, layer: Product) -> list[nn.Module]:
        """A layer, its norm and its activation."""
        act = Quantize(self.codes) if self.ternary else Relu()
        return [layer, Norm(layer.outputs), act]

    def residual(
        self, body: Sequence[nn.Module], shortcut: Sequence[nn.Module], codes: Codes
    ) -> Residual:
        """A residual block, whose body gives ``codes`` of the shortcut's scale."""
        return Residual(body, shortcut, QuantizeLike(codes) if self.ternary else Rescale())
