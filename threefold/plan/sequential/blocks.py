"""Blocks of a pass: its thresholds or offsets, as the memories of an array hold them."""

from typing import TYPE_CHECKING

import numpy as np

from .thresholds import offset_block, threshold_block
from .tiles import PassTiles

if TYPE_CHECKING:
    from .contents import Contents

__all__ = ["own_block", "sum_block"]


def own_block(contents: "Contents", each: PassTiles) -> tuple[bool, np.ndarray]:
    """Thresholds of a pass: int64, shape (rows, 2^code_bits − 1).

    Whether all channels share them, and those of a word, or of all groups; see
    :mod:`~threefold.plan.sequential.thresholds`. Where logits leave, their offsets are there with
    the last group; with each its own if weights come while the array works.
    """
    sizes = {"bits": contents.accumulator_bits, "code_bits": contents.code_bits}
    if each.work.thresholds is not None:
        own = each.work.thresholds_for(contents.bits, each.complements)
        return threshold_block(each, own, **sizes)
    offsets, rows = contents.offsets, contents.result_rows * contents.array.lanes
    if contents.array.feed and offsets is not None:
        offsets = each.work.offsets_for(contents.bits, each.complements)
        rows = contents.array.pe
    elif each is not contents.tiled[-1] or offsets is None:
        return True, np.zeros((0, 2**contents.code_bits - 1), np.int64)
    return True, offset_block(offsets, rows, logit_bits=contents.logit_bits, **sizes)


def sum_block(contents: "Contents", each: PassTiles) -> tuple[bool, np.ndarray]:
    """Thresholds of sums of its codes and those of another map, as :func:`own_block`."""
    assert each.work.sum_thresholds is not None
    sizes = {"bits": contents.sum_bits, "code_bits": contents.code_bits}
    return threshold_block(each, each.work.sum_thresholds, **sizes)
