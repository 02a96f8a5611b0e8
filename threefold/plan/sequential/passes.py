"""Passes: what an array does for layers in turn, each a window over stored maps.

Whatever is linear is the same pass with other weights: a sum pool adds what a kernel of ones sees,
an addition reads two maps, and channels that are added are filters without a weight. Codes that
stay as they are have the thresholds 1, 2, 3 …
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, singledispatch

import numpy as np

from ...errors import PlanError
from ...network import Tensor
from ..layers import ConvLayer, Layer, codes_of
from ..layers.layer import AddLayer, PadChannelsLayer, PoolLayer, ThresholdLayer
from ..window import Window

__all__ = ["Pass", "input_of", "passes_of", "source_of"]

Shape = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Pass:
    """One layer on the array, or one and the threshold behind it.

    Parameters
    ----------
    layers : tuple of Layer
    window : Window
        Over each of the maps that are read.
    weights : array of int16, or None
        Of shape (sources, filters, kernel height, kernel width, channels); None for the largest
        code of each window.
    thresholds : array of int64, shape (filters, largest code) or (1, largest code)
        code = #{accumulator value >= threshold}, of an array as wide as the codes that are read;
        a single row serves all filters.
    pad_code : int
        The code that padding supplies.
    """

    layers: tuple[Layer, ...]
    window: Window
    weights: np.ndarray | None
    thresholds: np.ndarray
    pad_code: int = 0

    @property
    def name(self) -> str:
        """Name of the layer that decides what it costs."""
        return self.layers[0].name

    @property
    def sources(self) -> tuple[str, ...]:
        """Streams whose maps are read."""
        return self.layers[0].sources

    @property
    def stream(self) -> str:
        """Stream whose map is written."""
        return self.layers[-1].stream

    @property
    def shape(self) -> Shape:
        """Height, width and channels of the map that is written."""
        filters = self.window.shape[2] if self.weights is None else self.weights.shape[1]
        return (*self.window.out, filters)

    @property
    def code_bits(self) -> int:
        """Width of a code that is written."""
        return codes_of(self.layers[-1].output).bits

    @property
    def input_bits(self) -> int:
        """Width of the codes that are read."""
        return max(codes_of(tensor).bits for tensor in self.layers[0].inputs)

    @property
    def elementwise(self) -> bool:
        """Whether each word that is written depends on the same words of the maps read alone."""
        return isinstance(self.layers[0], AddLayer | ThresholdLayer)

    @property
    def weighted(self) -> bool:
        """Whether a layer of it has weights."""
        return isinstance(self.layers[0], ConvLayer)

    @cached_property
    def digits(self) -> int:
        """Ternary digits of the largest weight."""
        if self.weights is None:
            return 1
        return max(1, int(np.abs(self.weights).max()).bit_length())

    @cached_property
    def negatives(self) -> np.ndarray:
        """Sum of the magnitudes of the negative weights of each filter."""
        if self.weights is None:
            return np.zeros(self.shape[2], np.int64)
        return np.maximum(-self.weights, 0).sum(axis=(0, 2, 3, 4), dtype=np.int64)

    def accumulator_max(self, bits: int, complements: np.ndarray) -> int:
        """Largest accumulator value of an array.

        Parameters
        ----------
        bits : int
            Width of its codes.
        complements : array of int64, shape (filters,)
            Σ 2^d of the digits of each filter that are −1.
        """
        largest = [codes_of(tensor).max_code for tensor in self.layers[0].inputs]
        if self.weights is None:
            return largest[0]
        positives = np.maximum(self.weights, 0).sum(axis=(2, 3, 4), dtype=np.int64)
        sums = (np.array(largest)[:, None] * positives).sum(axis=0)
        return int((sums + (2**bits - 1) * complements).max())

    def thresholds_for(self, bits: int, complements: np.ndarray) -> np.ndarray:
        """The thresholds of an array.

        There a digit of −1 adds the complement within ``bits`` bits, not within the bits of the
        layer's own codes, and 3 may be 4 − 1. Parameters are those of :meth:`accumulator_max`.
        """
        surplus = (2**bits - 1) * complements - (2**self.input_bits - 1) * self.negatives
        if not surplus.any():
            return self.thresholds
        return self.thresholds + surplus[:, None]


def passes_of(layers: Sequence[Layer]) -> tuple[Pass, ...]:
    """The passes of layers that read one map and each other.

    A threshold behind an addition or a pool that nothing else reads is part of its pass.

    Raises
    ------
    PlanError
        If there is a layer that the array does not compute.
    """
    shapes = {source_of(layers): input_of(layers).shape}
    passes: list[Pass] = []
    for place, layer in enumerate(layers):
        before = passes[-1] if passes else None
        threshold = layer if isinstance(layer, ThresholdLayer) else None
        if before and threshold and _ends(before, threshold, layers[place:]):
            made = replace(
                before, layers=(*before.layers, threshold), thresholds=_own(threshold, before.shape)
            )
            passes[-1] = made
        else:
            made = _pass(layer, shapes)
            passes.append(made)
        shapes[made.stream] = made.shape
    return tuple(passes)


def source_of(layers: Sequence[Layer]) -> str:
    """The one stream that layers read from outside.

    Raises
    ------
    PlanError
        If they read several.
    """
    made = {layer.stream for layer in layers}
    sources = dict.fromkeys(name for layer in layers for name in layer.sources if name not in made)
    if len(sources) != 1:
        names = ", ".join(map(repr, sources))
        raise PlanError(
            f"layers in turn read one stream from outside, but {layers[0].name!r} to "
            f"{layers[-1].name!r} read {names}"
        )
    return next(iter(sources))


def input_of(layers: Sequence[Layer]) -> Tensor:
    """Type of the map that layers read from outside; the map, if some read it as a vector."""
    source = source_of(layers)
    tensors = [
        tensor
        for layer in layers
        for name, tensor in zip(layer.sources, layer.inputs, strict=True)
        if name == source
    ]
    return max(tensors, key=lambda tensor: tensor.shape[0] * tensor.shape[1])


def _ends(before: Pass, layer: ThresholdLayer, rest: Sequence[Layer]) -> bool:
    """Whether a layer is the threshold behind a pass, and all that reads it."""
    return (
        len(before.layers) == 1
        and isinstance(before.layers[0], AddLayer | PoolLayer)
        and layer.sources == (before.stream,)
        and not any(before.stream in other.sources for other in rest[1:])
    )


def _pass(layer: Layer, shapes: Mapping[str, Shape]) -> Pass:
    stored = {shapes[name] for name in layer.sources}
    if len(stored) > 1:
        raise PlanError(f"{layer.name!r} reads maps of different shapes, which no array does")
    return _of(layer, stored.pop())


@singledispatch
def _of(layer: Layer, shape: Shape) -> Pass:
    """The pass of a layer over maps that are stored as ``shape``."""
    raise PlanError(f"no array computes {layer.name!r} ({layer.op}) in turn with other layers")


@_of.register
def _(layer: ConvLayer, shape: Shape) -> Pass:
    if layer.thresholds is None:
        raise PlanError(f"no array computes {layer.name!r} in turn with others: logits leave it")
    weights, window = layer.weights, layer.window
    if window.shape != shape:  # the map as a vector
        weights = weights.reshape(len(weights), *shape)
        window = Window(shape, shape[:2])
    filters, height, width, depth = weights.shape
    whole = np.zeros((layer.groups, filters // layer.groups, height, width, layer.groups, depth))
    for group, part in enumerate(np.split(weights, layer.groups)):
        whole[group, :, :, :, group] = part
    thresholds = layer.thresholds[:1] if layer.alike_after == 1 else layer.thresholds
    dense = whole.reshape(1, filters, height, width, -1).astype(np.int16)
    return Pass((layer,), window, dense, thresholds, layer.pad_code)


@_of.register
def _(layer: PoolLayer, shape: Shape) -> Pass:
    _require_map(layer, shape)
    window, weights = layer.window, None
    if layer.sums or window.kernel == (1, 1):
        weights = np.zeros((1, shape[2], *window.kernel, shape[2]), np.int16)
        weights[0, np.arange(shape[2]), :, :, np.arange(shape[2])] = 1
    return Pass((layer,), window, weights, _codes_themselves(layer))


@_of.register
def _(layer: AddLayer, shape: Shape) -> Pass:
    return Pass((layer,), Window(shape), _diagonal(2, shape[2]), _codes_themselves(layer))


@_of.register
def _(layer: PadChannelsLayer, shape: Shape) -> Pass:
    _require_map(layer, shape)
    weights = np.pad(_diagonal(1, shape[2]), ((0, 0), (layer.before, layer.after), *((0, 0),) * 3))
    zero = codes_of(layer.inputs[0]).zero_code or 0
    thresholds = np.repeat(_codes_themselves(layer), layer.channels, axis=0)
    added = np.r_[: layer.before, layer.channels - layer.after : layer.channels]
    thresholds[added] = np.maximum(thresholds[added] - zero, 0)
    return Pass((layer,), Window(shape), weights, thresholds if zero else thresholds[:1])


@_of.register
def _(layer: ThresholdLayer, shape: Shape) -> Pass:
    return Pass((layer,), Window(shape), _diagonal(1, shape[2]), _own(layer, shape))


def _require_map(layer: Layer, shape: Shape) -> None:
    if layer.inputs[0].shape != shape:
        raise PlanError(f"{layer.name!r} reads a map as a vector, which no array does")


def _own(layer: ThresholdLayer, shape: Shape) -> np.ndarray:
    """The thresholds of the channels of a map that may be read as a vector."""
    return layer.thresholds[: 1 if layer.alike_after == 1 else shape[2]]


def _diagonal(sources: int, channels: int) -> np.ndarray:
    weights = np.zeros((sources, channels, 1, 1, channels), np.int16)
    weights[:, np.arange(channels), :, :, np.arange(channels)] = 1
    return weights


def _codes_themselves(layer: Layer) -> np.ndarray:
    """Thresholds whose codes are the accumulator values."""
    return np.arange(1, codes_of(layer.output).max_code + 1)[None]
