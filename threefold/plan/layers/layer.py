"""Layers: the computations of a network between streams, in terms of hardware."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, singledispatch
from math import prod
from typing import ClassVar, Self, TypeVar

import numpy as np

from ...errors import PlanError
from ...network import (
    Add,
    ArgMax,
    Codes,
    Concat,
    Integers,
    MaxPool,
    Op,
    PadChannels,
    SumPool,
    Tensor,
    Threshold,
)
from ..distinct import search_steps
from ..even import EvenThresholds, even_thresholds
from ..requantize import alike_after
from ..window import Window

__all__ = [
    "AddLayer",
    "ArgMaxLayer",
    "ConcatLayer",
    "Layer",
    "PadChannelsLayer",
    "Parts",
    "PoolLayer",
    "ThresholdLayer",
    "codes_of",
    "layer_of",
    "only",
]


@dataclass(frozen=True, eq=False)
class Layer:
    """One computation of a network, between the streams it reads and the one it gives.

    Parameters
    ----------
    name : str
        Name of the network's node.
    stream : str
        Name of the node whose values leave.
    sources : tuple of str
        Names of the nodes whose values are read.
    inputs : tuple of Tensor
        Their types: shape (height, width, channels) and elements.
    output : Tensor
        Type of what leaves.
    widths : tuple of Layer
        The same layer at each narrower width of the network, in the shapes of the whole; none if it
        does not differ there.

    Attributes
    ----------
    op : str
        Kind of computation, in a word, for reports.
    """

    op: ClassVar[str]

    name: str
    stream: str
    sources: tuple[str, ...]
    inputs: tuple[Tensor, ...]
    output: Tensor
    widths: tuple[Self, ...] = field(default=(), kw_only=True)

    def at(self, width: int) -> Self:
        """The layer at a width: 0 is the whole network, others follow in order."""
        return self.widths[width - 1] if width and self.widths else self

    @property
    def channels(self) -> int:
        """Channels of the output."""
        return self.output.shape[2]

    @property
    def pixels(self) -> int:
        """Output pixels of an image."""
        return self.output.shape[0] * self.output.shape[1]

    @property
    def nonzero_weights(self) -> int:
        """Weights that are not 0."""
        return 0


@dataclass(frozen=True, eq=False)
class PoolLayer(Layer):
    """The largest code of each window, or their sum.

    Parameters
    ----------
    window : Window
    sums : bool
        Whether it is the sum.
    """

    op = "pool"

    window: Window
    sums: bool


@dataclass(frozen=True, eq=False)
class AddLayer(Layer):
    """Two branches, added code by code."""

    op = "add"


@dataclass(frozen=True, eq=False)
class ConcatLayer(Layer):
    """The channels of one branch, then those of another."""

    op = "concat"


@dataclass(frozen=True, eq=False)
class PadChannelsLayer(Layer):
    """Channels of value 0 before and after those of the input.

    Parameters
    ----------
    before, after : int
        Numbers of channels.
    """

    op = "pad_channels"

    before: int
    after: int


@dataclass(frozen=True, eq=False)
class ThresholdLayer(Layer):
    """Codes from codes.

    Parameters
    ----------
    thresholds : array of int64, shape (channels, largest code)
        code = #{input >= threshold}, thresholds within 0…largest input code + 1.
    """

    op = "threshold"

    thresholds: np.ndarray

    @property
    def all_thresholds(self) -> tuple[np.ndarray, ...]:
        """Thresholds at all widths of the network, those of the whole first."""
        return tuple(each.thresholds for each in (self, *self.widths))

    @cached_property
    def alike_after(self) -> int:
        """The fewest channels after which the thresholds come again."""
        return alike_after(*self.all_thresholds)

    @cached_property
    def lines_alike_after(self) -> int:
        """The fewest channels after which the lines of a divider come again."""
        return len(self.thresholds) if self.even is None else alike_after(self.even.lines)

    @cached_property
    def search_steps(self) -> int:
        """Comparisons of a binary search among the thresholds of a channel."""
        return search_steps(np.concatenate(self.all_thresholds), self.input_bits)

    @cached_property
    def even(self) -> EvenThresholds | None:
        """Lines that the thresholds of the channels lie on, if they are evenly spaced.

        None where they differ between widths.
        """
        if self.widths:
            return None
        largest = codes_of(self.inputs[0]).max_code
        return even_thresholds(self.thresholds, np.full(len(self.thresholds), largest))

    @property
    def input_bits(self) -> int:
        """Width of an input; the threshold that means "never" fits as well."""
        return (codes_of(self.inputs[0]).max_code + 1).bit_length()


@dataclass(frozen=True, eq=False)
class ArgMaxLayer(Layer):
    """The index of the largest channel of each pixel, the lowest such index on a tie."""

    op = "argmax"


L = TypeVar("L", bound=Layer)


def codes_of(tensor: Tensor) -> Codes:
    """The codes that a tensor consists of.

    Raises
    ------
    PlanError
        If it consists of something else.
    """
    if not isinstance(tensor.element, Codes):
        raise PlanError(f"hardware between layers carries codes, not {tensor.element}")
    return tensor.element


Parts = tuple[str, str, tuple[str, ...], tuple[Tensor, ...], Tensor]
"""The first fields of a layer, in order."""


def only(layers: Sequence[Layer], kind: type[L]) -> L:
    """The layer of ``layers``, which is the only one and of that kind.

    Raises
    ------
    PlanError
        If they are others.
    """
    if len(layers) == 1 and isinstance(layers[0], kind):
        return layers[0]
    names = ", ".join(f"{layer.op} {layer.name!r}" for layer in layers)
    raise PlanError(f"one layer of kind {kind.op} is wanted here, not {names or 'none'}")


@singledispatch
def layer_of(op: Op, parts: Parts, flat: bool) -> Layer:
    """The layer that an operation without weights is; one function for each operation.

    Parameters
    ----------
    op : Op
    parts : Parts
    flat : bool
        Whether all that read the output take it for the vector of its elements.

    Raises
    ------
    PlanError
        If no hardware computes it.
    """
    raise PlanError(f"no hardware computes {parts[0]!r} ({op.kind})")


@layer_of.register
def _(op: MaxPool, parts: Parts, flat: bool) -> Layer:
    window = Window(parts[3][0].shape, op.kernel, op.stride, op.padding)
    return PoolLayer(*parts, window, sums=False)


@layer_of.register
def _(op: SumPool, parts: Parts, flat: bool) -> Layer:
    return PoolLayer(*parts, Window(parts[3][0].shape, op.kernel, op.stride), sums=True)


@layer_of.register
def _(op: Add, parts: Parts, flat: bool) -> Layer:
    return AddLayer(*parts)


@layer_of.register
def _(op: Concat, parts: Parts, flat: bool) -> Layer:
    return ConcatLayer(*parts)


@layer_of.register
def _(op: PadChannels, parts: Parts, flat: bool) -> Layer:
    return PadChannelsLayer(*parts, op.before, op.after)


@layer_of.register
def _(op: Threshold, parts: Parts, flat: bool) -> Layer:
    codes = codes_of(parts[3][0])
    thresholds = np.clip(-(-(op.thresholds - codes.offset) // codes.step), 0, codes.max_code + 1)
    layer = ThresholdLayer(*parts, thresholds)
    return _flattened(layer) if flat else layer


@layer_of.register
def _(op: ArgMax, parts: Parts, flat: bool) -> Layer:
    if not isinstance(parts[3][0].element, Integers):
        raise PlanError(f"arg-max {parts[0]!r} must read logits; put Logits before it")
    return ArgMaxLayer(*parts)


def _flattened(layer: ThresholdLayer) -> ThresholdLayer:
    """The same codes in the same order, as channels of one pixel, so that more pass at once."""
    shape = (1, 1, prod(layer.output.shape))
    return replace(
        layer,
        inputs=(replace(layer.inputs[0], shape=shape),),
        output=replace(layer.output, shape=shape),
        thresholds=np.tile(layer.thresholds, (layer.pixels, 1)),
    )
