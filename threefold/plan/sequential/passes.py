"""Passes: what an array does for layers in turn, each a window over stored maps.

Whatever is linear is the same pass with other weights: a sum pool adds what a kernel of ones sees,
an addition reads two maps, and channels that are added are filters without a weight. Codes that
stay as they are have the thresholds 1, 2, 3 … A layer that reads the sums of a whole map adds up
what it reads of each pixel instead, so that no code is as wide as a sum.
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
    """One layer on the array, one and the threshold behind it, or sums and the layer behind them.

    With ``added``, a convolution and the addition behind it; see
    :mod:`~threefold.plan.sequential.joined`.

    Parameters
    ----------
    layers : tuple of Layer
    window : Window
        Over each of the maps that are read.
    weights : array of int16, or None
        Of shape (sources, filters, kernel height, kernel width, channels); None for the largest
        code of each window.
    thresholds : array of int64, shape (filters, largest code) or (1, largest code), or None
        code = #{sum + surplus >= threshold}; a single row serves all filters.
    offsets : array of int64, shape (filters,), or None
        For logits: logit = step · (sum + surplus) + offset.
    surplus : array of int64, shape (filters,)
        What thresholds and offsets are for values above the sums of products.
    largest : tuple of int
        Largest code of each map that is read.
    pad_code : int
        The code that padding supplies.
    whole : bool
        Whether the products of all pixels are added up, and a single pixel is written.
    first : int
        Filters of the layer before those of the pass.
    map_channels : int
        Channels of the map that is written if the pass has only some of them; 0 if it has all.
    rows_before, lines_before : int
        Rows of output pixels before those of the pass, and rows of the map before those it reads.
    added : str
        Stream of the map whose codes are added to those found by the thresholds, and which is
        written over; none if empty.
    sum_thresholds : array of int64, shape (filters, largest code) or (1, largest code), or None
        Those of these sums, if there are such.
    image : int
        Image whose maps it reads and writes, of those that are inside at once.
    """

    layers: tuple[Layer, ...]
    window: Window
    weights: np.ndarray | None
    thresholds: np.ndarray | None
    surplus: np.ndarray
    largest: tuple[int, ...]
    offsets: np.ndarray | None = None
    pad_code: int = 0
    whole: bool = False
    first: int = 0
    map_channels: int = 0
    rows_before: int = 0
    lines_before: int = 0
    added: str = ""
    sum_thresholds: np.ndarray | None = None
    image: int = 0

    @property
    def name(self) -> str:
        """Name of the layer that decides what it costs."""
        return self.layers[0].name

    @property
    def sources(self) -> tuple[str, ...]:
        """Streams whose maps are read, that of codes to add behind the others."""
        return (*self.layers[0].sources, *([self.added] if self.added else []))

    @property
    def stream(self) -> str:
        """Stream whose map is written."""
        return self.layers[-1].stream

    @property
    def shape(self) -> Shape:
        """Height, width and channels of the map that is written."""
        filters = self.window.shape[2] if self.weights is None else self.weights.shape[1]
        return (1, 1, filters) if self.whole else (*self.window.out, filters)

    @property
    def map_shape(self) -> Shape:
        """Shape with the channels of other passes that write the same map."""
        return (*self.shape[:2], self.map_channels or self.shape[2])

    @property
    def code_bits(self) -> int:
        """Width of a code that is found; 0 where logits leave."""
        if self.thresholds is None:
            return 0
        found = (self.layers[0], self.layers[-1]) if self.added else self.layers[-1:]
        return max(codes_of(layer.output).bits for layer in found)

    @property
    def seen(self) -> tuple[Layer, ...]:
        """Layers whose values are written, are accumulator values, or are added to others."""
        whole = self.added or isinstance(self.layers[-1], ThresholdLayer)
        return self.layers if whole else self.layers[-1:]

    @property
    def elementwise(self) -> bool:
        """Whether each word that is written depends on the same words of the maps read alone."""
        return isinstance(self.layers[0], AddLayer | ThresholdLayer)

    @property
    def weighted(self) -> bool:
        """Whether a layer of it has weights."""
        return any(isinstance(layer, ConvLayer) for layer in self.layers)

    @cached_property
    def digits(self) -> int:
        """Ternary digits of the largest weight."""
        if self.weights is None:
            return 1
        return max(1, int(np.abs(self.weights).max()).bit_length())

    @property
    def layer_digits(self) -> int:
        """Ternary digits of the largest weight of its layer, for codes as they enter."""
        own = [layer.digits for layer in self.layers if isinstance(layer, ConvLayer)]
        return max(own, default=1)

    def accumulator_max(self, bits: int, complements: np.ndarray) -> int:
        """Largest accumulator value of an array.

        Parameters
        ----------
        bits : int
            Width of its codes.
        complements : array of int64, shape (filters,)
            Σ 2^d of the digits of each filter that are −1.
        """
        if self.weights is None:
            return self.largest[0]
        positives = np.maximum(self.weights, 0).sum(axis=(2, 3, 4), dtype=np.int64)
        sums = (np.array(self.largest)[:, None] * positives).sum(axis=0)
        sums += (2**bits - 1) * complements
        return int(sums.max()) * (self.window.pixels if self.whole else 1)

    def thresholds_for(self, bits: int, complements: np.ndarray) -> np.ndarray:
        """The thresholds of an array.

        There a digit of −1 adds the complement within ``bits`` bits, not within the bits of the
        layer's own codes, and 3 may be 4 − 1. Parameters are those of :meth:`accumulator_max`.
        """
        assert self.thresholds is not None
        moved = self._moved(bits, complements)
        return self.thresholds + moved[:, None] if moved.any() else self.thresholds

    def offsets_for(self, bits: int, complements: np.ndarray) -> np.ndarray:
        """The offsets of an array whose values become logits, as :meth:`thresholds_for`."""
        assert self.offsets is not None
        return self.offsets - self.step * self._moved(bits, complements)

    @property
    def step(self) -> int:
        """Step of a logit from one accumulator value to the next."""
        return codes_of(self.layers[-1].inputs[0]).step

    def _moved(self, bits: int, complements: np.ndarray) -> np.ndarray:
        pixels = self.window.pixels if self.whole else 1
        return (2**bits - 1) * pixels * complements - self.surplus


def passes_of(layers: Sequence[Layer]) -> tuple[Pass, ...]:
    """The passes of layers that read one map and each other.

    A threshold behind an addition or a pool that nothing else reads is part of its pass, and so is
    a pool in front of a layer with weights if it gives the sums of a whole map, and one that leaves
    out pixels in front of a padding with channels.

    Raises
    ------
    PlanError
        If there is a layer that the array does not compute.
    """
    shapes = {source_of(layers): input_of(layers).shape}
    passes: list[Pass] = []
    for place, layer in enumerate(layers):
        made = _pass(layer, shapes)
        alone = passes and passes[-1].stream not in _read_by(layers[place + 1 :])
        if alone and (together := _together(passes, layer, made)):
            made = together
            del passes[-1]
        passes.append(made)
        shapes[made.stream] = made.shape
    for each in passes[:-1]:
        if each.thresholds is None:
            raise PlanError(
                f"no array computes {each.layers[-1].name!r} in turn with layers behind it: "
                f"logits leave it"
            )
    if passes[-1].thresholds is None and passes[-1].shape[:2] != (1, 1):
        raise PlanError(
            f"no array computes {layers[-1].name!r} in turn with others: logits of several "
            f"pixels leave it"
        )
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


def _read_by(layers: Sequence[Layer]) -> set[str]:
    return {name for layer in layers for name in layer.sources}


def _together(passes: Sequence[Pass], layer: Layer, own: Pass) -> Pass | None:
    """The pass of a layer and of the pass before it, which nothing else reads; None if none is."""
    before = passes[-1]
    first, *others = before.layers
    if others or layer.sources != (before.stream,):
        return None
    if isinstance(layer, ThresholdLayer) and isinstance(first, AddLayer | PoolLayer):
        return replace(
            before, layers=(first, layer), thresholds=own.thresholds, surplus=before.surplus
        )
    if isinstance(layer, PadChannelsLayer) and isinstance(first, PoolLayer):
        alone = before.window.kernel == (1, 1) and own.window == Window(before.shape)
        return replace(own, layers=(first, layer), window=before.window) if alone else None
    stored = {each.stream for each in passes[:-1]}
    sums = isinstance(first, PoolLayer) and first.sums and stored.issuperset(before.sources)
    shape, kernel = before.window.shape, before.window.kernel
    if not (isinstance(layer, ConvLayer) and sums and kernel == shape[:2]):
        return None
    if own.window != Window(before.shape) or own.weights is None:
        return None
    made = replace(own, layers=(first, layer), largest=before.largest, pad_code=0)
    if layer.digits == 1:
        return replace(made, window=Window(shape), whole=True)
    # Digits follow each other within a window, and not pixel by pixel.
    weights = np.tile(own.weights, (1, 1, *kernel, 1))
    return replace(made, window=before.window, weights=weights)


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
    weights, window = layer.weights, layer.window
    if window.shape != shape:  # the map as a vector
        weights = weights.reshape(len(weights), *shape)
        window = Window(shape, shape[:2])
    filters, height, width, depth = weights.shape
    whole = np.zeros((layer.groups, filters // layer.groups, height, width, layer.groups, depth))
    for group, part in enumerate(np.split(weights, layer.groups)):
        whole[group, :, :, :, group] = part
    thresholds = layer.thresholds
    if thresholds is not None and layer.alike_after == 1:
        thresholds = thresholds[:1]
    dense = whole.reshape(1, filters, height, width, -1).astype(np.int16)
    negatives = np.maximum(-dense, 0).sum(axis=(0, 2, 3, 4), dtype=np.int64)
    return replace(
        _made(layer, window, dense, thresholds),
        offsets=layer.offsets,
        surplus=(2**layer.codes.bits - 1) * negatives,
        pad_code=layer.pad_code,
    )


@_of.register
def _(layer: PoolLayer, shape: Shape) -> Pass:
    _require_map(layer, shape)
    window, weights = layer.window, None
    if layer.sums or window.kernel == (1, 1):
        weights = np.zeros((1, shape[2], *window.kernel, shape[2]), np.int16)
        weights[0, np.arange(shape[2]), :, :, np.arange(shape[2])] = 1
    return _made(layer, window, weights, _codes_themselves(layer))


@_of.register
def _(layer: AddLayer, shape: Shape) -> Pass:
    return _made(layer, Window(shape), _diagonal(2, shape[2]), _codes_themselves(layer))


@_of.register
def _(layer: PadChannelsLayer, shape: Shape) -> Pass:
    _require_map(layer, shape)
    weights = np.pad(_diagonal(1, shape[2]), ((0, 0), (layer.before, layer.after), *((0, 0),) * 3))
    zero = codes_of(layer.inputs[0]).zero_code or 0
    thresholds = np.repeat(_codes_themselves(layer), layer.channels, axis=0)
    added = np.r_[: layer.before, layer.channels - layer.after : layer.channels]
    thresholds[added] = np.maximum(thresholds[added] - zero, 0)
    return _made(layer, Window(shape), weights, thresholds if zero else thresholds[:1])


@_of.register
def _(layer: ThresholdLayer, shape: Shape) -> Pass:
    return _made(layer, Window(shape), _diagonal(1, shape[2]), _own(layer, shape))


def _made(
    layer: Layer, window: Window, weights: np.ndarray | None, thresholds: np.ndarray | None
) -> Pass:
    """The pass of a layer, for sums of products as they are."""
    filters = window.shape[2] if weights is None else weights.shape[1]
    largest = tuple(codes_of(tensor).max_code for tensor in layer.inputs)
    return Pass((layer,), window, weights, thresholds, np.zeros(filters, np.int64), largest)


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
