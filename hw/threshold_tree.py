"""Threshold tree: thresholds in the order of a binary search."""

import numpy as np

__all__ = ["threshold_tree"]


def threshold_tree(thresholds: np.ndarray, accumulator_bits: int) -> np.ndarray:
    """The thresholds of each channel as a full binary search tree, in the order of a heap.

    Node 1 is the root. Below node ``n`` are ``2 n``, for accumulator values that do not reach the
    threshold of ``n``, and ``2 n + 1``. So the node after ``j`` comparisons is a 1 and the upper
    ``j`` bits of the code. Where there are fewer thresholds than nodes, the rest are the largest
    word, which no accumulator value reaches.

    Parameters
    ----------
    thresholds : array of int, shape (channels, largest code)
        Each row ascending, within 0…2^accumulator_bits − 1.
    accumulator_bits : int
        Width of an accumulator value.

    Returns
    -------
    array of int, shape (channels, 2^bits)
        Node 0 is unused, and holds the largest word.
    """
    channels, largest = thresholds.shape
    bits = largest.bit_length()
    never = 2**accumulator_bits - 1
    padded = np.full((channels, 2**bits), never)
    padded[:, 1 : largest + 1] = thresholds
    tree = np.full_like(padded, never)
    for depth in range(bits):
        half = 2 ** (bits - 1 - depth)
        tree[:, 2**depth : 2 ** (depth + 1)] = padded[:, half :: 2 * half]
    return tree
