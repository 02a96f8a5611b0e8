"""Blocks of thresholds: what the searches of an array hold for a pass.

Row ``lanes * n + lane`` is row ``n`` of a lane.
"""

import numpy as np

from .tiles import PassTiles

__all__ = ["offset_block", "threshold_block"]


def threshold_block(
    each: PassTiles, thresholds: np.ndarray, *, bits: int, code_bits: int
) -> tuple[bool, np.ndarray]:
    """Thresholds of a pass: int64, shape (rows, 2^code_bits − 1).

    Whether all channels share them, and those of a word, or of all groups. Lanes without a channel
    reach none, so that their codes are 0.

    Parameters
    ----------
    each : PassTiles
    thresholds : array of int64, shape (filters, largest code) or (1, largest code)
        For the accumulator values of the array.
    bits, code_bits : int
        Widths of an accumulator value and of a code.
    """
    never, array = 2**bits - 1, each.array
    own = np.clip(thresholds, 0, never)
    rows = each.groups * each.group_words * array.simd
    alike = len(own) == 1 and ((own[0, 0] > 0 and each.quiet) or rows == each.work.shape[2])
    if alike:
        own = np.repeat(own, array.lanes, axis=0)
        rows = array.lanes
    elif len(own) == 1:
        own = np.repeat(own, each.work.shape[2], axis=0)
    block = np.full((rows, 2**code_bits - 1), never)
    block[: len(own), : own.shape[1]] = own
    return alike, block


def offset_block(
    offsets: np.ndarray, rows: int, *, bits: int, code_bits: int, logit_bits: int
) -> np.ndarray:
    """Offsets of logits in the form of thresholds: int64, shape (rows or twice as many, …).

    They are in the roots of searches: the lower bits of all, then those above if values are
    narrower than logits.

    Parameters
    ----------
    offsets : array of int64, shape (channels,)
    rows : int
        Rows of all lanes.
    bits, code_bits, logit_bits : int
        Widths of an accumulator value, of a code and of a logit.
    """
    nodes = 2**code_bits - 1
    words = offsets % (1 << logit_bits)
    parts = [words % (1 << bits), words >> bits] if logit_bits > bits else [words]
    block = np.zeros((len(parts) * rows, nodes), np.int64)
    for place, part in enumerate(parts):
        block[place * rows :][: len(offsets), nodes // 2] = part
    return block
