"""Threshold search: integer thresholds of a layer, found by evaluating the layer itself."""

from collections.abc import Callable

import numpy as np

from .errors import NetworkError

__all__ = ["search"]


def search(
    reference: Callable[[np.ndarray], np.ndarray],
    lo: np.ndarray,
    hi: np.ndarray,
    max_code: int,
    negated: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Thresholds by which ``#{acc >= threshold}`` equals ``reference(acc)`` for every accumulator.

    Bisection over all channels and codes at once, in as many calls as an accumulator has bits.
    Nothing about the reference is assumed but that each channel is monotone, so that scales of
    either sign or zero, constant channels and ties need no case of their own.

    Parameters
    ----------
    reference : function
        Codes 0…``max_code``, shape (rows, channels), of accumulators, int64 of the same shape.
        Each channel of its own, never falling or never rising.
    lo, hi : arrays of int64, shape (channels,)
        Smallest and largest accumulator of each channel.
    max_code : int
    negated : array of bool, shape (channels,), optional
        Channels whose weights are negated in any case; each of them falls or is constant.

    Returns
    -------
    thresholds : array of int64, shape (channels, max_code)
        In ascending order; ``lo`` means always and ``hi + 1`` never. For channels that fall,
        thresholds of the negated accumulator, which lies in −hi…−lo.
    falling : array of bool, shape (channels,)
        Channels that fall as the accumulator rises, and those of ``negated``: their weights are
        to be negated.

    Raises
    ------
    NetworkError
        If a channel of ``negated`` rises.
    """
    first, last = reference(lo[None])[0], reference(hi[None])[0]
    falling = first > last
    if negated is not None:
        if (wrong := negated & (first < last)).any():
            raise NetworkError(
                f"channel {np.flatnonzero(wrong)[0]} rises, but falls at another width; give both "
                "the sign of one Norm"
            )
        falling = falling | negated
    sign = np.where(falling, -1, 1)
    lo, hi = np.where(falling, -hi, lo), np.where(falling, -lo, hi)
    codes = np.arange(1, max_code + 1)[:, None]
    first = np.repeat(lo[None], max_code, axis=0)  # the threshold lies in first…last
    last = np.repeat(hi[None] + 1, max_code, axis=0)
    while (open_ := first < last).any():
        middle = np.where(open_, (first + last) // 2, lo)
        reached = reference(middle * sign) >= codes
        last = np.where(open_ & reached, middle, last)
        first = np.where(open_ & ~reached, middle + 1, first)
    return np.ascontiguousarray(first.T), falling
