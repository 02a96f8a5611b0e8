"""A network as the hardware sees it: a weight array and a finish for each engine.

The hardware knows unsigned codes only, and a lane whose weight is −1 adds the complement
``top − code`` instead of ``−code`` (``top`` is the largest word of the code's width). The sum
of a filter with n₊ weights of +1 and n₋ of −1 is therefore

    total = Σ w·code + top · n₋        0 ≤ total ≤ largest code · n₊ + top · n₋

Everything that separates it from the network's accumulator, ``Σ w·value``, is a constant of
the filter, known here and moved into levels and biases. Padding supplies the code of value 0,
so it changes nothing.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import PlanError
from ..network import Codes, Conv, Logits, Threshold
from .requantize import alike_after
from .window import Window

__all__ = ["Layer", "covers", "layer_of"]


@dataclass(frozen=True, eq=False)
class Layer:
    """What one engine computes: a convolution and what turns its totals into outputs.

    Parameters
    ----------
    name : str
        Name of the network's convolution.
    output : str
        Name of the node whose values leave the engine.
    sources : (str,)
        Name of the node whose values it reads.
    weights : array of int8, shape (filters, kernel height, kernel width, channels of a group)
    window : Window
    codes : Codes
        Type of the input.
    groups : int
        Independent groups of channels and filters.
    levels : array of int64, shape (filters, largest code), or None
        For a requantizing layer: code = #{total >= level}, levels within 0…total_max + 1.
    offsets : array of int64, shape (filters,), or None
        For a layer that ends in logits: logit = step · total + offset.
    out_codes : Codes or None
        Type of the codes that leave a requantizing layer.
    """

    name: str
    output: str
    sources: tuple[str]
    weights: np.ndarray
    window: Window
    codes: Codes
    groups: int = 1
    levels: np.ndarray | None = None
    offsets: np.ndarray | None = None
    out_codes: Codes | None = None

    op = "conv"

    @property
    def rows(self) -> int:
        """Filters, which are the layer's output channels."""
        return self.weights.shape[0]

    @property
    def channels(self) -> int:
        """Output channels."""
        return self.rows

    @property
    def in_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the input, flat where the kernel covers all of it."""
        return self.window.shape

    @property
    def depth(self) -> int:
        """Input channels of each filter."""
        return self.weights.shape[3]

    @property
    def columns(self) -> int:
        """Inputs of each filter."""
        return self.weights[0].size

    @property
    def pixels(self) -> int:
        """Output pixels of an image."""
        return self.window.pixels

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
        """The fewest filters after which the levels of a requantizing layer come again."""
        return alike_after(self.levels)

    @cached_property
    def total_max(self) -> int:
        """Largest total any row can reach."""
        return int(_largest_totals(self.weights, self.codes).max())

    @property
    def total_bits(self) -> int:
        """Width of a total; ``total_max + 1`` fits as well, as the level that means "never"."""
        return (self.total_max + 1).bit_length()

    @cached_property
    def logit_bits(self) -> int:
        """Width of a signed logit that holds every reachable value and the offsets."""
        largest = _largest_totals(self.weights, self.codes)
        bounds = int(self.offsets.min()), int((self.offsets + self.codes.step * largest).max())
        return 1 + max((bound if bound >= 0 else ~bound).bit_length() for bound in bounds)

    @property
    def out_bits(self) -> int:
        """Width of an output."""
        return self.logit_bits if self.levels is None else self.out_codes.bits


def layer_of(
    name: str, output: str, source: str, conv: Conv, finish: Threshold | Logits, tensor
) -> Layer:
    """The layer of a convolution of ``tensor`` and of the node that reads it.

    A kernel that covers the whole input reads it as the vector that it is.

    Raises
    ------
    PlanError
        If the logits would take a multiplier.
    """
    weights, codes = conv.weights, tensor.element
    window = Window(tensor.shape, weights.shape[1:3], conv.stride, conv.padding)
    if covers(conv, tensor.shape):
        weights = weights.reshape(len(weights), 1, 1, -1)
        window = Window(weights.shape[1:])
    positive, negative = _signs(weights)
    top = _top(codes)
    row_sum = positive - negative
    parts = (name, output, (source,), weights, window, codes, conv.groups)
    if isinstance(finish, Logits):
        if codes.step & (codes.step - 1):
            raise PlanError(f"logits of codes with step {codes.step} need a multiplier; use 1 or 2")
        offsets = finish.bias + codes.offset * row_sum - codes.step * top * negative
        return Layer(*parts, offsets=offsets)
    distance = finish.levels - (codes.offset * row_sum)[:, None]
    levels = -(-distance // codes.step) + (top * negative)[:, None]
    never = _largest_totals(weights, codes) + 1
    levels = np.clip(levels, 0, never[:, None])
    return Layer(*parts, levels=levels, out_codes=finish.codes)


def covers(conv: Conv, shape: tuple[int, int, int]) -> bool:
    """Whether the kernel reads the whole of a map, in one place."""
    return conv.weights.shape[1:] == shape and not any(conv.padding)


def _top(codes: Codes) -> int:
    return 2**codes.bits - 1


def _largest_totals(weights: np.ndarray, codes: Codes) -> np.ndarray:
    """The largest total of each filter."""
    positive, negative = _signs(weights)
    return codes.max_code * positive + _top(codes) * negative


def _signs(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number of +1 and of −1 in each filter."""
    positive = (weights == 1).sum(axis=(1, 2, 3), dtype=np.int64)
    negative = (weights == -1).sum(axis=(1, 2, 3), dtype=np.int64)
    return positive, negative
