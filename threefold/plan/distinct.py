"""Distinct thresholds: those of a channel that differ, and the codes between them."""

from typing import NamedTuple

import numpy as np

__all__ = ["DistinctThresholds", "distinct_thresholds", "search_steps"]


class DistinctThresholds(NamedTuple):
    """Thresholds without those that repeat, for a search whose result addresses codes.

    Attributes
    ----------
    thresholds : array of int64, shape (channels, 2^steps − 1)
        Each row ascending; behind those that differ, the largest word, which nothing reaches.
    codes : array of int64, shape (channels, 2^steps)
        Code of a value by the number of these thresholds that it reaches.
    """

    thresholds: np.ndarray
    codes: np.ndarray


def search_steps(thresholds: np.ndarray, accumulator_bits: int) -> int:
    """Comparisons of a binary search: fewer than a code has bits where thresholds repeat.

    Where at least a quarter of the bits is saved, thresholds that differ are stored together with
    the codes between them, instead of all thresholds.

    Parameters
    ----------
    thresholds : array of int, shape (channels, largest code)
        Each row ascending, within 0…2^accumulator_bits − 1.
    accumulator_bits : int
        Width of what is compared. The largest word is never reached.
    """
    bits = thresholds.shape[1].bit_length()
    steps = max(1, int(_differ(thresholds, accumulator_bits).sum(axis=1).max()).bit_length())
    saves = (accumulator_bits + bits) << steps <= 0.75 * (accumulator_bits << bits)
    return steps if saves else bits


def distinct_thresholds(
    thresholds: np.ndarray, accumulator_bits: int, steps: int
) -> DistinctThresholds:
    """The thresholds of each channel that differ, at most 2^steps − 1, and the codes between them.

    Thresholds and ``accumulator_bits`` are those of :func:`search_steps`.
    """
    channels = len(thresholds)
    differ = _differ(thresholds, accumulator_bits)
    kept = np.full((channels, 2**steps - 1), 2**accumulator_bits - 1)
    row, column = np.nonzero(differ)
    kept[row, (differ.cumsum(axis=1) - 1)[row, column]] = thresholds[row, column]
    starts = np.concatenate([np.zeros((channels, 1), int), kept], axis=1)
    rows = zip(thresholds, starts, strict=True)
    reached = [np.searchsorted(row, values, side="right") for row, values in rows]
    return DistinctThresholds(kept, np.stack(reached))


def _differ(thresholds: np.ndarray, accumulator_bits: int) -> np.ndarray:
    """Where thresholds exceed the one before, or 0, and can be reached."""
    above = np.diff(thresholds, axis=1, prepend=0) > 0
    return above & (thresholds < 2**accumulator_bits - 1)
