"""Taps of an array for layers in turn: what it writes of maps that do not leave."""

from collections.abc import Iterator

import numpy as np

from ..sequential import Contents, Pass, PassTiles
from .block import Tap
from .unit import stream_type

__all__ = ["inner_taps"]


def inner_taps(contents: Contents) -> Iterator[Tap]:
    """Taps of what does not leave; words and beats of values come in an order of their own.

    At a narrower width there are fewer words.

    Parameters
    ----------
    contents : Contents
    """
    array, narrower = contents.array, [each.passes for each in contents.narrower]
    for work, *others in zip(contents.passes, *narrower, strict=True):
        for layer in work.seen:
            if layer.stream == contents.passes[-1].stream:
                continue
            lanes = array.simd if layer.stream == work.stream else array.lanes
            tensor = stream_type(layer.output, lanes)
            last = work is contents.passes[-1]  # whose groups are taken from behind
            orders = [_order(PassTiles(each, array), work, lanes, last) for each in (work, *others)]
            name = layer.name
            yield Tap(name, layer.stream, tensor, f"of_{name}", orders[0], tuple(orders[1:]))


def _order(tiled: PassTiles, whole: Pass, lanes: int, backwards: bool) -> np.ndarray:
    """Places of codes among those of the whole network's map, in the order they are written."""
    order, channels = tiled.ordered(backwards=backwards), tiled.work.shape[2]
    places = order // channels * whole.shape[2] + order % channels
    return np.where(order < 0, -1, places).reshape(-1, lanes)
