"""Flips: ternary weights of an accumulator that only adds, and is complemented in between.

An accumulator of some bits holds a value or its complement, the negative of it less 1. Adding a
code to the complement subtracts it from the value. So a weight of −1 is an addition like that of
+1, if the accumulator is turned over in front of it: behind the weight before.
"""

from typing import NamedTuple

import numpy as np

__all__ = ["Flips", "flips_of"]


class Flips(NamedTuple):
    """Additions of rows of weights.

    Attributes
    ----------
    steps : array of int8, shape (rows, columns)
        0 where nothing happens, 1 where the code is added, −1 where the sum is complemented then.
    begins_complemented : array of bool, shape (rows,)
        Whether the accumulator holds the complement at first. In the end it holds the value.
    """

    steps: np.ndarray
    begins_complemented: np.ndarray


def flips_of(weights: np.ndarray) -> Flips:
    """Additions that rows of ternary weights take.

    Parameters
    ----------
    weights : array of int, shape (rows, columns)
        Of −1, 0 and 1.
    """
    steps = np.zeros(weights.shape, np.int8)
    following = np.ones(len(weights), np.int8)
    for column in reversed(range(weights.shape[1])):
        weight = weights[:, column].astype(np.int8)
        there = weight != 0
        steps[there, column] = (weight * following)[there]
        following[there] = weight[there]
    return Flips(steps, following == -1)
