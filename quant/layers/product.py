"""What layers with weights have in common, whether these are ternary or real."""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...errors import TrainingError
from .tensor import flat
from .window import four, pair

__all__ = ["Convolution", "MatrixProduct", "Product"]


class Product(ABC, nn.Module):
    """Latent weights, maybe a bias, and the linear map that weights of that shape stand for.

    Parameters
    ----------
    shape : tuple of int
        Of the weights, outputs first. They start uniform within ±√(3 / weights an output).
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
        """Number of output channels."""
        return len(self.weight)


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

    def extra_repr(self) -> str:
        return f"{self.inputs}, {self.outputs}, bias={self.bias is not None}"


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
        self.groups = groups

    def product(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Sums, shape (images, outputs, height, width)."""
        top, left, bottom, right = self.padding
        around = (top, left)
        if around != (bottom, right):
            x, around = functional.pad(x, (left, right, top, bottom)), 0
        return functional.conv2d(x, weight, bias, self.stride, around, 1, self.groups)

    def extra_repr(self) -> str:
        return (
            f"{self.inputs}, {self.outputs}, kernel={self.kernel}, stride={self.stride}, "
            f"padding={self.padding}, groups={self.groups}, bias={self.bias is not None}"
        )
