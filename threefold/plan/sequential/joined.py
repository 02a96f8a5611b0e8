"""Joined passes: a convolution, and the addition of its codes to a map that is written over.

The words of that map are fetched by tiles of their own, at the beginning of each group, while the
codes of the group before are found. They wait in a queue until those of the convolution are there.
Sums of both become codes by thresholds of their own.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from ...errors import PlanError
from ..latency import pe_latency
from ..layers import ConvLayer
from ..layers.layer import AddLayer
from ..requantize import requantizer_latency
from .array import Array
from .passes import Pass
from .tiles import PassTiles

__all__ = ["JoinedTiles", "join_latency", "joined", "queue_words"]


def joined(passes: Sequence[Pass], array: Array) -> tuple[Pass, ...]:
    """The passes, additions together with a convolution whose codes nothing else reads.

    Such a pass stands in the place of the addition. Sums are written over the other map, which
    therefore no later pass may read, nor the convolution itself. The array works on as many pixels
    at once as there are banks, or on the only one of a row: a word of each is fetched at once then.

    Parameters
    ----------
    passes : sequence of Pass
    array : Array
    """
    made = list(passes)
    for addition in passes:
        if not isinstance(addition.layers[0], AddLayer):
            continue
        place = made.index(addition)
        for before in reversed(range(place)):
            if _suit(made, before, place, array):
                made[place] = _join(made[before], addition)
                del made[before]
                break
    return tuple(made)


def _suit(passes: Sequence[Pass], before: int, place: int, array: Array) -> bool:
    """Whether the convolution in a place and the addition in a later one are a single pass."""
    conv, addition = passes[before], passes[place]
    others = {*addition.sources} - {conv.stream}
    if len(addition.sources) != 2 or len(others) != 1 or conv.stream not in addition.sources:
        return False
    (added,) = others
    # What is between them stays in front of both.
    kept = not any(each.added in conv.sources for each in passes[before + 1 : place])
    read = [each for each in passes if conv.stream in each.sources]
    return (
        len(conv.layers) == 1
        and isinstance(conv.layers[0], ConvLayer)
        and conv.thresholds is not None
        and kept
        and read == [addition]
        and added not in conv.sources
        and not any(added in each.sources for each in passes[place + 1 :])
        and (conv.shape[1] == 1 or _pixels(conv, array) == array.pixels)
    )


def _pixels(conv: Pass, array: Array) -> int:
    """Pixels that a pass works on at once; 0 if its stride does not suit the array."""
    try:
        return array.pixels_of(conv)
    except PlanError:
        return 0


def _join(conv: Pass, addition: Pass) -> Pass:
    (added,) = {*addition.sources} - {conv.stream}
    return replace(
        conv,
        layers=(*conv.layers, *addition.layers),
        added=added,
        sum_thresholds=addition.thresholds,
    )


class JoinedTiles(PassTiles):
    """Tiles of a pass that adds a map to its codes, one group of them.

    The first fetch the words of that map, source 1, and take no row of weights.
    """

    @cached_property
    def lists(self) -> list[np.ndarray]:
        (tiles,) = super().lists
        fetching = np.zeros((self.group_words, tiles.shape[1]), tiles.dtype)
        fetching[:, 0], fetching[:, 3] = 1, np.arange(self.group_words)
        return [np.concatenate([fetching, tiles])]

    @property
    def jumps(self) -> np.ndarray:
        return (np.arange(self.tiles_stored) >= self.group_words).astype(np.int64)

    @property
    def tiles_worked(self) -> int:
        return super().tiles_worked - self.group_words


def join_latency(form: str, bits: int) -> int:
    """Cycles from codes of a convolution to those of sums with them: a word of the queue, a search.

    Parameters
    ----------
    form : str
        Form of the searches.
    bits : int
        Width of a code.
    """
    return 1 + requantizer_latency(form, bits)


def queue_words(array: Array, form: str, *, bits: int, code_bits: int, interval: int) -> int:
    """Words of each pixel that the queue has room for, a power of two.

    Those of a group are there until its last codes have been found, and so are those of groups
    whose tiles follow meanwhile.

    Parameters
    ----------
    array : Array
    form : str
        Form of the searches.
    bits, code_bits : int
        Widths of the codes in maps, and of those that are found.
    interval : int
        Cycles from one search to the next.
    """
    words, most = array.group_words, 0
    behind = pe_latency(bits, array.simd) + requantizer_latency(form, code_bits) - interval
    for pixels in range(1, array.pixels + 1):
        drain = pixels * words * array.simd // array.lanes * interval
        most = max(most, (behind + drain) // max(drain, words + 1))
    return 1 << (words * (2 + most) - 1).bit_length()
