"""Weight bytes: ternary weights as a memory outside holds them, four or five in a byte."""

import numpy as np

__all__ = ["DENSITIES", "densest", "row_words", "weight_bytes"]

DENSITIES = (4, 5)
"""Weights of a byte: with two bits each, or as digits of a number to base 3."""


def weight_bytes(weights: np.ndarray, per_byte: int) -> np.ndarray:
    """Bytes of rows of weights.

    With four to a byte, the two bits of a weight are whether it is not zero, and whether it is
    negative. With five, a byte is the sum of digits times powers of 3, the first weight being the
    lowest digit: 0 for 0, 1 for +1, 2 for −1.

    Parameters
    ----------
    weights : array of int8, shape (rows, weights)
        Ternary.
    per_byte : int
        One of :data:`DENSITIES`.

    Returns
    -------
    array of uint8, shape (rows, ⌈weights / per_byte⌉)
    """
    padded = np.pad(weights, ((0, 0), (0, -weights.shape[1] % per_byte)))
    groups = padded.reshape(len(weights), padded.shape[1] // per_byte, per_byte)
    if per_byte == 4:
        digits, base = np.where(groups < 0, 3, groups), 4
    else:
        digits, base = np.where(groups < 0, 2, groups), 3
    return (digits @ base ** np.arange(per_byte)).astype(np.uint8)


def densest(weights: int, word_bits: int) -> int:
    """Weights of a byte with which rows have the fewest words; four if both have as many.

    Parameters
    ----------
    weights : int
        Weights of a row.
    word_bits : int
        Width of a word, a multiple of 8.
    """
    return min(DENSITIES, key=lambda each: (row_words(weights, each, word_bits), each))


def row_words(weights: int, per_byte: int, word_bits: int) -> int:
    """Words of a row of weights."""
    return -(-(-(-weights // per_byte) * 8) // word_bits)
