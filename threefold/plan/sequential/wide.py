"""Wide inputs: codes of which an array takes a part at a time.

A code of 8 bits in an array for 4 bits is two codes, 16·h + l. A pixel that enters has words of the
upper parts, then words of the lower ones, and what reads it has weights 16·w and w for them, which
are digits like others.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

import numpy as np

from ...network import Tensor
from ..layers import codes_of
from .passes import Pass

__all__ = ["parted", "parts_of"]


def parts_of(passes: Sequence[Pass], source: str, tensor: Tensor, own: int) -> int:
    """Parts of each code that enters: several where it is twice as wide as all others, or wider.

    It enters pixel by pixel then, so that channels have to be few, and whatever reads it is linear.

    Parameters
    ----------
    passes : sequence of Pass
    source : str
        Stream of the map that enters.
    tensor : Tensor
        Its type.
    own : int
        Width of all other codes.
    """
    bits = codes_of(tensor).bits
    readers = [each for each in passes if source in each.sources]
    linear = all(
        each.weights is not None and each.layers[0].sources == (source,) for each in readers
    )
    parts = ceil(bits / own)
    digits = max(each.digits for each in readers) + (parts - 1) * own
    if bits < 2 * own or tensor.shape[2] > _MOST_CHANNELS or not linear or digits > _MOST_DIGITS:
        return 1
    return parts


def parted(passes: Sequence[Pass], source: str, parts: int, bits: int, simd: int) -> list[Pass]:
    """The passes, those that read the map that enters with weights for parts of its codes.

    Parameters
    ----------
    passes : sequence of Pass
    source : str
        Stream of the map that enters.
    parts : int
        Parts of a code, words for each, the most significant first.
    bits : int
        Width of a part.
    simd : int
        Lanes of a word.
    """
    return [_parted(each, parts, bits, simd) if source in each.sources else each for each in passes]


def _parted(work: Pass, parts: int, bits: int, simd: int) -> Pass:
    assert work.weights is not None
    *outer, channels = work.weights.shape
    lanes = ceil(channels / simd) * simd
    weights = np.zeros((*outer, parts, lanes), np.int16)
    pad_code = 0
    for part in range(parts):
        place = bits * (parts - 1 - part)
        weights[..., part, :channels] = work.weights << place
        pad_code |= (work.pad_code >> place) % 2**bits << bits * part
    height, width, _ = work.window.shape
    return replace(
        work,
        weights=weights.reshape(*outer, parts * lanes),
        window=replace(work.window, shape=(height, width, parts * lanes)),
        largest=(2**bits - 1,),
        pad_code=pad_code,
    )


_MOST_DIGITS = 9
_MOST_CHANNELS = 8
