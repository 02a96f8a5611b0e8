"""Embedded widths: a narrower network in the shapes of the whole."""

from collections.abc import Sequence
from dataclasses import replace
from functools import singledispatch

import numpy as np

from ..errors import NetworkError
from .conv import Conv
from .kept import Kept
from .network import INPUT, Network
from .op import Op
from .pad_channels import PadChannels
from .threshold import Threshold
from .types import Tensor
from .width import Width

__all__ = ["embedded"]

_BEYOND = 2**62  # a threshold that no value reaches


def embedded(network: Network, name: str) -> Network:
    """The narrower network of a width with all channels of the whole.

    Weights of filters and channels that the width lacks are 0, and so is the value of the codes
    there, or the code where none means 0. All others are those of ``network.at(name)``. Hardware
    of the whole network computes it with other weights and thresholds.

    Parameters
    ----------
    network : Network
    name : str
        Name of the width.

    Raises
    ------
    NetworkError
        If there is no such width, or it adds channels where the whole has no room for them.
    """
    narrow = network.at(name)
    width, kept = network.widths[name], {INPUT: Kept.first(network.input.shape[2])}
    nodes = []
    for whole, part in zip(network.nodes, narrow.nodes, strict=True):
        inputs = [kept[source] for source in whole.inputs]
        types = [network.types[source] for source in whole.inputs]
        kept[whole.name] = _kept(width, whole.name, whole.op, inputs, types)
        try:
            op = _spread(part.op, whole.op, inputs, kept[whole.name])
        except NetworkError as error:
            raise NetworkError(
                f"width {name!r}: node {whole.name!r} does not fit the channels of the whole: "
                f"{error}"
            ) from None
        nodes.append(replace(whole, op=op))
    return Network(narrow.name, network.input, nodes, narrow.provenance)


def _kept(width: Width, node: str, op: Op, inputs: Sequence[Kept], types: Sequence[Tensor]) -> Kept:
    return width.part(node, op, inputs, types)[1]


@singledispatch
def _spread(part: Op, whole: Op, inputs: Sequence[Kept], kept: Kept) -> Op:
    """The operation ``part`` of a width on all channels of ``whole``."""
    return part


@_spread.register
def _(part: Conv, whole: Conv, inputs: Sequence[Kept], kept: Kept) -> Op:
    filters = np.zeros(whole.filters, bool)
    filters[: kept.used] = True
    there = filters[:, None, None, None]
    if whole.groups == 1:  # of a depthwise convolution filters and channels go together
        columns = np.zeros(inputs[0].channels, bool)
        columns[inputs[0].take(np.arange(inputs[0].channels), 0)] = True
        there = there & columns
    return replace(whole, weights=np.where(there, whole.weights, 0))


@_spread.register
def _(part: Threshold, whole: Threshold, inputs: Sequence[Kept], kept: Kept) -> Op:
    if kept.is_whole:
        return part
    thresholds = np.full((kept.channels, part.codes.max_code), _BEYOND)
    thresholds[:, : part.codes.zero_code or 0] = -_BEYOND
    thresholds[kept.take(np.arange(kept.channels), 0)] = part.thresholds
    return replace(part, thresholds=thresholds)


@_spread.register
def _(part: PadChannels, whole: PadChannels, inputs: Sequence[Kept], kept: Kept) -> Op:
    return PadChannels(part.before, kept.channels - part.before - inputs[0].channels)
