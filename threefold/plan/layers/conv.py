"""Convolution layer: a weight array, and thresholds or offsets for its accumulator values.

The hardware knows unsigned codes only, and a lane whose weight is −1 adds the complement
``top − code`` instead of ``−code`` (``top`` is the largest word of the code's width). The sum
of a filter with n₊ weights of +1 and n₋ of −1 is therefore

    accumulator = Σ w·code + top · n₋        0 ≤ accumulator ≤ largest code · n₊ + top · n₋

Everything that separates it from the network's own, ``Σ w·value``, is a constant of the filter,
known here and moved into thresholds and biases. Padding supplies the code of value 0, so it
changes nothing.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...errors import PlanError
from ...network import Codes, Conv, Integers, Logits, Tensor, Threshold
from ..distinct import search_steps
from ..even import EvenThresholds, even_thresholds
from ..requantize import alike_after
from ..window import Window
from .layer import Layer, codes_of

__all__ = ["ConvLayer", "conv_layer", "covers"]


@dataclass(frozen=True, eq=False)
class ConvLayer(Layer):
    """A convolution, or a dense layer as one whose kernel covers the map, and its finish.

    Its ``name`` is that of the network's convolution, its ``stream`` that of the node that
    finishes the sums. Codes leave, or signed logits.

    Parameters
    ----------
    weights : array of int8, shape (filters, kernel height, kernel width, channels of a group)
    window : Window
    groups : int
        Independent groups of channels and filters.
    thresholds : array of int64, shape (filters, largest code), or None
        For a requantizing layer: code = #{accumulator value >= threshold}, thresholds within
        0…accumulator_max + 1.
    offsets : array of int64, shape (filters,), or None
        For a layer that ends in logits: logit = step · accumulator value + offset.
    """

    op = "conv"

    weights: np.ndarray
    window: Window
    groups: int = 1
    thresholds: np.ndarray | None = None
    offsets: np.ndarray | None = None

    @property
    def codes(self) -> Codes:
        """Type of the input's codes."""
        return codes_of(self.inputs[0])

    @property
    def rows(self) -> int:
        """Filters, which are the layer's output channels."""
        return self.weights.shape[0]

    @property
    def depth(self) -> int:
        """Input channels of each filter."""
        return self.weights.shape[3]

    @property
    def columns(self) -> int:
        """Inputs of each filter."""
        return self.weights[0].size

    @property
    def nonzero_weights(self) -> int:
        return int(np.count_nonzero(self.weights))

    @property
    def macs(self) -> int:
        """Multiply-accumulates of an image without skipping."""
        return self.weights.size * self.pixels

    @property
    def pad_code(self) -> int:
        """The code that padding supplies; 0 where nothing is padded."""
        return self.codes.zero_code or 0

    @cached_property
    def alike_after(self) -> int:
        """The fewest filters after which the thresholds of a requantizing layer come again."""
        return self.rows if self.thresholds is None else alike_after(self.thresholds)

    @cached_property
    def search_steps(self) -> int:
        """Comparisons of a binary search among the thresholds of a filter; 0 without any."""
        if self.thresholds is None:
            return 0
        return search_steps(self.thresholds, self.accumulator_bits)

    @cached_property
    def even(self) -> EvenThresholds | None:
        """Lines that the thresholds of the filters lie on, if they are evenly spaced."""
        if self.thresholds is None:
            return None
        return even_thresholds(self.thresholds, _largest_accumulators(self.weights, self.codes))

    @cached_property
    def accumulator_max(self) -> int:
        """Largest accumulator value any row can reach."""
        return int(_largest_accumulators(self.weights, self.codes).max())

    @property
    def accumulator_bits(self) -> int:
        """Width of an accumulator value.

        ``accumulator_max + 1`` fits as well, as the threshold that means "never".
        """
        return (self.accumulator_max + 1).bit_length()


def conv_layer(
    name: str,
    stream: str,
    source: str,
    conv: Conv,
    finish: Threshold | Logits,
    tensor: Tensor,
    output: Tensor,
) -> ConvLayer:
    """The layer of a convolution and of the node that finishes its sums.

    A kernel that covers the whole input reads it as the vector that it is.

    Parameters
    ----------
    name, stream, source : str
        Names of the convolution, of what finishes it, and of the node that it reads.
    conv : Conv
    finish : Threshold or Logits
    tensor, output : Tensor
        Types of what is read and of what ``finish`` gives.
    """
    if not conv.ternary:
        raise PlanError(
            f"weights of {name!r} have {conv.bits} bits; hardware is made of ternary ones only"
        )
    weights, codes = conv.weights, codes_of(tensor)
    window = Window(tensor.shape, weights.shape[1:3], conv.stride, conv.padding)
    if covers(conv, tensor.shape):
        weights = weights.reshape(len(weights), 1, 1, -1)
        window = Window(weights.shape[1:])
    positive, negative = _signs(weights)
    top = _top(codes)
    row_sum = positive - negative
    largest = _largest_accumulators(weights, codes)
    thresholds = offsets = None
    if isinstance(finish, Logits):
        offsets = finish.bias + codes.offset * row_sum - codes.step * top * negative
        reachable = int(offsets.min()), int((offsets + codes.step * largest).max())
        output = Tensor(output.shape, Integers(*reachable))
    else:
        distance = finish.thresholds - (codes.offset * row_sum)[:, None]
        thresholds = -(-distance // codes.step) + (top * negative)[:, None]
        thresholds = np.clip(thresholds, 0, largest[:, None] + 1)
    inputs = (Tensor(window.shape, codes),)
    return ConvLayer(
        name, stream, (source,), inputs, output, weights, window, conv.groups, thresholds, offsets
    )


def covers(conv: Conv, shape: tuple[int, int, int]) -> bool:
    """Whether the kernel reads the whole of a map, in one place."""
    return conv.weights.shape[1:] == shape and not any(conv.padding)


def _top(codes: Codes) -> int:
    return 2**codes.bits - 1


def _largest_accumulators(weights: np.ndarray, codes: Codes) -> np.ndarray:
    """The largest accumulator value of each filter."""
    positive, negative = _signs(weights)
    return codes.max_code * positive + _top(codes) * negative


def _signs(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number of +1 and of −1 in each filter."""
    positive = (weights == 1).sum(axis=(1, 2, 3), dtype=np.int64)
    negative = (weights == -1).sum(axis=(1, 2, 3), dtype=np.int64)
    return positive, negative
