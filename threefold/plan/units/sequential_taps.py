"""Taps of an array for layers in turn: what it writes of maps that do not leave."""

from collections.abc import Iterator

import numpy as np

from ..sequential import Contents, Pass, PassTiles
from .block import Tap
from .unit import stream_type

__all__ = ["batch_order", "inner_taps"]


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


def batch_order(tap: Tap, work: Pass, contents: Contents, batch: int) -> np.ndarray:
    """Order of the beats of a batch, whose images take turns within each group of filters.

    Parameters
    ----------
    tap : Tap
        As that of a single image.
    work : Pass
        What writes there.
    contents : Contents
    batch : int
        Images of a batch.

    Returns
    -------
    array of int64, shape (beats of a batch, lanes)
        As in :class:`.block.Tap`.
    """
    assert tap.order is not None
    array, (height, width, channels) = contents.array, work.shape
    beats = height * width * array.simd // tap.type.lanes
    pitch, share = array.pitch(channels), array.group_words
    groups = range(0, pitch, share) if work.weights is not None else [0]
    ends = np.cumsum([beats * min(share, pitch - word) for word in groups])
    size = height * width * channels
    parts = np.split(tap.order, ends[:-1]) if len(groups) > 1 else [tap.order]
    return np.concatenate(
        [np.where(part < 0, -1, part + n * size) for part in parts for n in range(batch)]
    )


def _order(tiled: PassTiles, whole: Pass, lanes: int, backwards: bool) -> np.ndarray:
    """Places of codes among those of the whole network's map, in the order they are written."""
    order, channels = tiled.ordered(backwards=backwards), tiled.work.shape[2]
    places = order // channels * whole.shape[2] + order % channels
    return np.where(order < 0, -1, places).reshape(-1, lanes)
