"""Networks in PyTorch, ternary or float, from one definition."""

from collections.abc import Callable, Sequence

import torch
from torch import nn

from ..errors import TrainingError
from ..network import Codes, Tensor
from .kit import Kit
from .pool import MaxPool
from .shape import Flatten
from .tensor import QuantTensor

__all__ = ["NETWORKS", "Model", "lenet", "mlp"]


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
        """Integers (images, channels, height, width) of codes (images, height, width, channels)."""
        codes = self.input.element
        values = (codes.step * images.double() + codes.offset).float().permute(0, 3, 1, 2)
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
    _require_outputs([*widths, classes])
    kit = Kit(ternary, bits, torch.Generator().manual_seed(seed))
    layers, inputs = [], input.size
    for width in widths:
        layers += kit.active(kit.linear(inputs, width))
        inputs = width
    return Model(input, [*layers, kit.linear(inputs, classes, bias=True)])


def lenet(
    input: Tensor,
    widths: Sequence[int],
    classes: int,
    bits: int,
    *,
    ternary: bool = True,
    seed: int = 0,
) -> Model:
    """Two convolutions, each with a pool of 2×2, and fully connected layers.

    After LeCun et al., "Gradient-based learning applied to document recognition", 1998: kernels
    are 5×5 without padding. Images lower or narrower than 16 pixels have kernels of 3×3 with a
    padding of 1.

    Parameters
    ----------
    input : Tensor
        Type of one image.
    widths : sequence of int
        Filters of the two convolutions, then outputs of each hidden dense layer.
    classes, bits, ternary, seed
        As for :func:`mlp`.

    Raises
    ------
    TrainingError
        If there are fewer than two widths, one is not positive, ``bits`` is out of range, or
        images are too small.
    """
    _require_outputs([*widths, classes])
    if len(widths) < 2:
        raise TrainingError(f"a LeNet has at least 2 widths, not {list(widths)}")
    height, width, channels = input.shape
    kernel, padding = (5, 0) if min(height, width) >= 16 else (3, 1)
    kit = Kit(ternary, bits, torch.Generator().manual_seed(seed))
    layers = []
    for filters in widths[:2]:
        layers += kit.active(kit.conv(channels, filters, kernel, padding=padding))
        layers.append(MaxPool(2))
        height, width = ((size + 2 * padding - kernel + 1) // 2 for size in (height, width))
        channels = filters
    if min(height, width) < 1:
        raise TrainingError(f"a LeNet reads images of at least 4×4 pixels, not {input}")
    layers.append(Flatten())
    inputs = height * width * channels
    for outputs in widths[2:]:
        layers += kit.active(kit.linear(inputs, outputs))
        inputs = outputs
    return Model(input, [*layers, kit.linear(inputs, classes, bias=True)])


def _require_outputs(widths: Sequence[int]) -> None:
    if min(widths) < 1:
        raise TrainingError(f"layers need at least 1 output, not {list(widths)}")


NETWORKS: dict[str, Callable[..., Model]] = {"lenet": lenet, "mlp": mlp}
"""Definitions by name."""
