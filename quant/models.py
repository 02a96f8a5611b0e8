"""Networks in PyTorch, ternary or float, from one definition."""

from collections.abc import Sequence

import torch
from torch import nn

from ..errors import TrainingError
from ..network import Codes, Tensor
from .linear import TernaryLinear
from .norm import Norm
from .quantize import Quantize
from .tensor import QuantTensor
from .twin import FloatLinear, Relu

__all__ = ["Model", "mlp"]


class Model(nn.Module):
    """A chain of layers and the type of images it reads.

    Parameters
    ----------
    input : Tensor
        Type of one image, as in :class:`Network`; its elements are codes.
    layers : sequence of nn.Module
        Each maps a :class:`QuantTensor` to the next.

    Raises
    ------
    TrainingError
        If the elements of ``input`` are not codes.
    """

    def __init__(self, input: Tensor, layers: Sequence[nn.Module]):
        super().__init__()
        if not isinstance(input.element, Codes):
            raise TrainingError(f"a model reads codes, not {input.element}")
        self.input = input
        self.layers = nn.Sequential(*layers)

    @property
    def input_scale(self) -> float:
        """Scale that brings the input's integers into −1…1."""
        codes = self.input.element
        return 1 / max(abs(codes.lo), abs(codes.hi))

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next(self.parameters()).device

    def read(self, images: torch.Tensor) -> QuantTensor:
        """Codes of images, (images, height, width, channels), as the first layer reads them."""
        codes = self.input.element
        values = (codes.step * images.flatten(1).double() + codes.offset).float()
        scale = torch.tensor(
            self.input_scale,
            dtype=torch.float32 if self.training else torch.float64,
            device=values.device,
        )
        return QuantTensor(values, scale, torch.zeros_like(scale))

    def forward(self, images: torch.Tensor) -> QuantTensor:
        """Logits (images, classes) of image codes (images, height, width, channels)."""
        return self.layers(self.read(images))


def mlp(
    input: Tensor,
    widths: Sequence[int],
    classes: int,
    bits: int,
    *,
    ternary: bool = True,
    seed: int = 0,
) -> Model:
    """Fully connected layers, every one ternary, the first and the last included.

    Parameters
    ----------
    input : Tensor
        Type of one image.
    widths : sequence of int
        Outputs of each hidden layer; each is followed by norm and activation.
    classes : int
        Outputs of the classifier, which has a bias.
    bits : int
        Width of the activations, 1…8.
    ternary : bool
        False for the float twin: the same shape and initial weights without quantization.
    seed : int
        Of the initial weights.

    Raises
    ------
    TrainingError
        If a width is not positive, or ``bits`` is out of range.
    """
    if min([*widths, classes]) < 1:
        raise TrainingError(f"layers need at least 1 output, not {[*widths, classes]}")
    generator = torch.Generator().manual_seed(seed)
    linear = TernaryLinear if ternary else FloatLinear
    layers, inputs = [], input.size
    for width in widths:
        layers.append(linear(inputs, width, generator=generator))
        layers.append(Norm(width))
        layers.append(Quantize(bits) if ternary else Relu())
        inputs = width
    layers.append(linear(inputs, classes, bias=True, generator=generator))
    return Model(input, layers)
