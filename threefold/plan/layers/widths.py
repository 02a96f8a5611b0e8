"""Widths of layers: each layer together with what it is at narrower widths of the network."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...network import Integers, Tensor
from .conv import ConvLayer
from .layer import Layer, PadChannelsLayer, ThresholdLayer

__all__ = ["with_widths"]


def with_widths(whole: Sequence[Layer], narrower: Sequence[Sequence[Layer]]) -> tuple[Layer, ...]:
    """The layers of a network, each with its counterparts at narrower widths where it differs.

    Parameters
    ----------
    whole : sequence of Layer
    narrower : sequence of sequence of Layer
        For each width the layers in the shapes of the whole.
    """
    made: list[Layer] = []
    logits: dict[str, Integers] = {}
    for layer, *others in zip(whole, *narrower, strict=True):
        inputs = tuple(
            replace(tensor, element=logits[name]) if name in logits else tensor
            for name, tensor in zip(layer.sources, layer.inputs, strict=True)
        )
        layer = replace(layer, inputs=inputs)
        if isinstance(layer, ConvLayer) and layer.offsets is not None:
            logits[layer.stream] = element = _all_of([layer, *others])
            layer = replace(layer, output=Tensor(layer.output.shape, element))
        if any(_differs(layer, other) for other in others):
            layer = replace(layer, widths=tuple(others))
        made.append(layer)
    return tuple(made)


def _all_of(layers: Sequence[Layer]) -> Integers:
    """The integers that leave any of some layers."""
    elements = [layer.output.element for layer in layers]
    assert all(isinstance(element, Integers) for element in elements)
    return Integers(min(each.lo for each in elements), max(each.hi for each in elements))


def _same(one: np.ndarray, other: np.ndarray | None) -> bool:
    return other is not None and np.array_equal(one, other)


def _differs(layer: Layer, other: Layer) -> bool:
    """Whether a layer computes something else at a width."""
    if isinstance(layer, ConvLayer) and isinstance(other, ConvLayer):
        if layer.offsets is not None and not _same(layer.offsets, other.offsets):
            return True
        return not (
            np.array_equal(layer.weights, other.weights)
            and (layer.thresholds is None or _same(layer.thresholds, other.thresholds))
        )
    if isinstance(layer, ThresholdLayer) and isinstance(other, ThresholdLayer):
        return not np.array_equal(layer.thresholds, other.thresholds)
    if isinstance(layer, PadChannelsLayer) and isinstance(other, PadChannelsLayer):
        return layer.before != other.before
    return False
