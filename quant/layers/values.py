"""Values of tensors, and whether Python may look at them."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["unseen_values", "values_are_seen"]

_unseen = 0  # blocks that are open


@contextmanager
def unseen_values() -> Iterator[None]:
    """Keep layers from deciding by the values of tensors within the block.

    For what records operations to repeat them, such as a CUDA graph. What layers decide by values,
    as where an activation starts, is done by the first batch, ahead of that.
    """
    global _unseen
    _unseen += 1
    try:
        yield
    finally:
        _unseen -= 1


def values_are_seen() -> bool:
    """Whether a layer may decide by values of tensors: not in compiled and not in recorded code."""
    return not torch.compiler.is_compiling() and not _unseen
