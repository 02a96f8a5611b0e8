"""Convolution layer: a weight array, and thresholds or offsets for its accumulator values.

The hardware knows unsigned codes only, and a lane whose weight is −1 adds the complement
``top − code`` instead of ``−code`` (``top`` is the largest word of the code's width). The sum
of a filter with n₊ weights of +1 and n₋ of −1 is therefore

    accumulator = Σ w·code + top · n₋        0 ≤ accumulator ≤ largest code · n₊ + top · n₋

Wider weights are sums of ternary digits, w = Σ 2^d · t_d, and the accumulator is doubled from each
digit to the next; n₊ and n₋ are Σ 2^d of digits that are +1 and −1 then. An array may have reason
to write 3 as 4 − 1, which adds as much to either.

Everything that separates it from the network's own, ``Σ w·value``, is a constant of the filter,
known here and moved into thresholds and biases. Padding supplies the code of value 0, so it
changes nothing.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

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
    weights : array of int, shape (filters, kernel height, kernel width, channels of a group)
    window : Window
    groups : int
        Independent groups of channels and filters.
    thresholds : array of int64, shape (filters, largest code), or None
        For a requantizing layer: code = #{accumulator value >= threshold}, thresholds within
        0…accumulator_max + 1.
    offsets : array of int64, shape (filters,), or None
        For a layer that ends in logits: logit = step · accumulator value + offset.
    complements : array of int64, shape (filters,), or None
        Σ 2^d of the digits of each filter that are −1; None where digits have the signs of their
        weights, so that they are the fewest.
    plain : ConvLayer or None
        The same layer without ``complements``, if it has any.
    """

    op = "conv"

    weights: np.ndarray
    window: Window
    groups: int = 1
    thresholds: np.ndarray | None = None
    offsets: np.ndarray | None = None
    complements: np.ndarray | None = None
    plain: "ConvLayer | None" = None

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
    def row_columns(self) -> int:
        """Inputs of each filter in a row of its kernel."""
        return self.weights.shape[2] * self.depth

    @property
    def nonzero_weights(self) -> int:
        return int(np.count_nonzero(self.weights))

    @cached_property
    def digits(self) -> int:
        """Ternary digits of the largest weight; 1 if all are −1, 0, +1."""
        return max(1, int(np.abs(self.weights).max()).bit_length())

    @property
    def macs(self) -> int:
        """Multiply-accumulates of an image without skipping."""
        return self.weights.size * self.pixels

    @property
    def pad_code(self) -> int:
        """The code that padding supplies; 0 where nothing is padded."""
        return self.codes.zero_code or 0

    @property
    def all_thresholds(self) -> tuple[np.ndarray, ...]:
        """Thresholds of a requantizing layer at all widths, those of the whole network first."""
        thresholds = (each.thresholds for each in (self, *self.widths))
        return tuple(each for each in thresholds if each is not None)

    @cached_property
    def alike_after(self) -> int:
        """The fewest filters after which the thresholds of a requantizing layer come again."""
        return self.rows if self.thresholds is None else alike_after(*self.all_thresholds)

    @cached_property
    def lines_alike_after(self) -> int:
        """The fewest filters after which the lines of a divider come again."""
        return self.rows if self.even is None else alike_after(self.even.lines)

    @cached_property
    def search_steps(self) -> int:
        """Comparisons of a binary search among the thresholds of a filter; 0 without any."""
        if self.thresholds is None:
            return 0
        return search_steps(np.concatenate(self.all_thresholds), self.accumulator_bits)

    @cached_property
    def even(self) -> EvenThresholds | None:
        """Lines that the thresholds of the filters lie on, if they are evenly spaced.

        None where they differ between widths.
        """
        if self.thresholds is None or self.widths:
            return None
        if self.plain is None:
            return even_thresholds(self.thresholds, self._largest)
        return self.plain.even and self.plain.even.moved(self._surplus)

    @cached_property
    def accumulator_max(self) -> int:
        """Largest accumulator value any row can reach, at any width."""
        return max(int(each._largest.max()) for each in (self, *self.widths))

    @property
    def accumulator_bits(self) -> int:
        """Width of an accumulator value.

        ``accumulator_max + 1`` fits as well, as the threshold that means "never".
        """
        return (self.accumulator_max + 1).bit_length()

    def with_complements(self, complements: np.ndarray) -> "ConvLayer":
        """The same layer for digits of which so many are −1.

        Parameters
        ----------
        complements : array of int64, shape (filters,)
            As the parameter; at least those of digits with the signs of their weights.
        """
        if self.plain is not None:
            return self.plain.with_complements(complements)
        made = replace(self, complements=complements, plain=self)
        surplus = made._surplus
        if not surplus.any():
            return self
        thresholds, offsets = self.thresholds, self.offsets
        if thresholds is not None:
            thresholds = thresholds + surplus[:, None]
        if offsets is not None:
            offsets = offsets - self.codes.step * surplus
        return replace(made, thresholds=thresholds, offsets=offsets)

    @property
    def _surplus(self) -> np.ndarray:
        """What accumulator values are above those of digits with the signs of their weights."""
        if self.complements is None:
            return np.zeros(self.rows, np.int64)
        return _top(self.codes) * (self.complements - _signs(self.weights)[1])

    @property
    def _largest(self) -> np.ndarray:
        """The largest accumulator value of each filter."""
        return _largest_accumulators(self.weights, self.codes) + self._surplus


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
    """The largest accumulator value of each filter, whose digits have the signs of weights."""
    positive, negative = _signs(weights)
    return codes.max_code * positive + _top(codes) * negative


def _signs(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum of the positive weights of each filter, and of the magnitudes of the negative ones."""
    positive = np.maximum(weights, 0).sum(axis=(1, 2, 3), dtype=np.int64)
    return positive, positive - weights.sum(axis=(1, 2, 3), dtype=np.int64)
