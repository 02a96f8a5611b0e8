"""Product: the base of layers with weights, ternary or real."""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from threefold.errors import TrainingError
from threefold.network import Kept

from .slim import Slimmable, taken
from .tensor import flat
from .window import four, pair

__all__ = ["Convolution", "MatrixProduct", "Product"]


@dataclass(frozen=True)
class _Part:
    """Of a product, in a narrower network: its first outputs, and the inputs that there are."""

    outputs: Kept
    inputs: Kept


class Product(Slimmable):
    """Latent weights, maybe a bias, and the linear map that weights of that shape stand for.

    Parameters
    ----------
    shape : tuple of int
        Shape of the weights, outputs first. They start uniform within ±√(3 / weights an output).
    bias : bool
        For the classifier.
    generator : torch.Generator, optional
        Source of the initial weights.

    Attributes
    ----------
    mask : bool tensor of the shape of the weights
        False where a weight is pruned and counts as 0.
    """

    mask: Tensor

    def __init__(self, shape: tuple[int, ...], bias: bool, generator: torch.Generator | None):
        super().__init__()
        bound = (3 / math.prod(shape[1:])) ** 0.5
        weight = torch.rand(shape, generator=generator) * 2 * bound - bound
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.zeros(shape[0])) if bias else None
        self.register_buffer("mask", torch.ones(shape, dtype=torch.bool))

    @abstractmethod
    def product(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """The map with weights ``weight`` and bias ``bias``."""

    @property
    def outputs(self) -> int:
        """Number of output channels in use."""
        return len(self.weight) if self.part is None else self.part.outputs.used

    def slim(self, width: str, outputs: int, inputs: Kept) -> None:
        """Use the first outputs and these inputs in the narrower network ``width``.

        Raises
        ------
        TrainingError
            If there are fewer outputs, or the inputs are not those of the layer.
        """
        whole = len(self.weight)
        if outputs > whole:
            raise TrainingError(f"a narrower layer has at most {whole} outputs, not {outputs}")
        self.parts[width] = _Part(Kept.first(whole, outputs), self._inputs(inputs, outputs))

    def narrow(self, width: str, like: Self, kept: Kept) -> Kept:
        self.slim(width, like.outputs, kept)
        return Kept.first(self.outputs, like.outputs)

    @abstractmethod
    def _inputs(self, kept: Kept, outputs: int) -> Kept:
        """Which of the second axis of the weights to use for these channels."""

    def of_outputs(self, tensor: Tensor) -> Tensor:
        """What is in use of a tensor with one value for each output, or one for all."""
        if self.part is None or tensor.ndim == 0:
            return tensor
        return taken(tensor, self.part.outputs, 0)

    def of_weights(self, tensor: Tensor) -> Tensor:
        """What is in use of a tensor of the shape of the weights."""
        if self.part is None:
            return tensor
        return taken(self.of_outputs(tensor), self.part.inputs, 1)


class MatrixProduct(Product):
    """A fully connected layer.

    Reads vectors, (images, inputs), or maps, whose elements count in the order row, column,
    channel.

    Parameters
    ----------
    inputs, outputs : int
    bias : bool
        For the classifier.
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
        super().__init__((outputs, inputs), bias, generator)
        self.inputs = inputs

    def product(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Sums, shape (images, outputs)."""
        return functional.linear(flat(x), weight, bias)

    def _inputs(self, kept: Kept, outputs: int) -> Kept:
        pixels, rest = divmod(self.inputs, kept.channels)
        if rest:
            raise TrainingError(
                f"a layer of {self.inputs} inputs does not read maps of {kept.channels} channels"
            )
        return kept.flattened(pixels)

    def extra_repr(self) -> str:
        return f"{self.inputs}, {len(self.weight)}, bias={self.bias is not None}"


class Convolution(Product):
    """A two-dimensional convolution; of signals 1×W with a kernel (1, k).

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    kernel : int or (int, int)
        Height and width.
    stride : int or (int, int)
        Vertical and horizontal step.
    padding : int, (int, int) or (int, int, int, int)
        Rows and columns of value 0: on every side, (vertical, horizontal), or (top, left,
        bottom, right).
    groups : int
        Independent groups that channels are split into; as many as ``inputs`` is a depthwise
        convolution.
    bias : bool
        For the classifier.
    generator : torch.Generator, optional
        Source of the initial weights, uniform within ±√(3 / weights a filter).

    Raises
    ------
    TrainingError
        If a number is out of range, or ``groups`` does not divide the channels.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | tuple[int, int],
        *,
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, ...] = 0,
        groups: int = 1,
        bias: bool = False,
        generator: torch.Generator | None = None,
    ):
        kernel = pair(kernel, "a kernel")
        if groups < 1 or inputs % groups or outputs % groups:
            raise TrainingError(
                f"groups must divide {inputs} input and {outputs} output channels, not {groups}"
            )
        super().__init__((outputs, inputs // groups, *kernel), bias, generator)
        self.inputs = inputs
        self.kernel = kernel
        self.stride = pair(stride, "a stride")
        self.padding = four(padding, "padding")
        self._groups = groups

    @property
    def groups(self) -> int:
        """Number of groups in use."""
        if self.part is None or self._groups == 1:
            return self._groups
        return self.part.outputs.used * self._groups // self.part.outputs.channels

    def product(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Sums, shape (images, outputs, height, width)."""
        top, left, bottom, right = self.padding
        around = (top, left)
        if around != (bottom, right):
            x, around = functional.pad(x, (left, right, top, bottom)), 0
        width = x.shape[3] if around == 0 else x.shape[3] + left + right
        if x.shape[1] == 1 and width - self.kernel[1] < self.stride[1]:
            # One channel, one window to a row: oneDNN takes strides that a permutation left at 1
            # for those of channels, and reads beyond the map; contiguous() leaves them as they are.
            x = x.reshape(-1).view(x.shape)
        return functional.conv2d(x, weight, bias, self.stride, around, 1, self.groups)

    def _inputs(self, kept: Kept, outputs: int) -> Kept:
        if kept.channels != self.inputs:
            raise TrainingError(
                f"a layer of {self.inputs} inputs does not read maps of {kept.channels} channels"
            )
        if self._groups == 1:
            return kept
        whole = kept.is_whole and outputs == self.outputs
        even = outputs * self.inputs == self.outputs * kept.used
        if not whole and not (self._groups == self.inputs and kept.is_first and even):
            raise TrainingError(
                f"{outputs} of {self.outputs} filters in {self._groups} groups do not match "
                f"{kept.used} of {self.inputs} channels; only a depthwise convolution gets "
                "narrower, by as much as its input"
            )
        return Kept.first(self.inputs // self._groups)

    def extra_repr(self) -> str:
        return (
            f"{self.inputs}, {len(self.weight)}, kernel={self.kernel}, stride={self.stride}, "
            f"padding={self.padding}, groups={self._groups}, bias={self.bias is not None}"
        )
