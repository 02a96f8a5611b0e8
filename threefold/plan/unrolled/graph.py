"""Adder graph: the products of a ternary matrix and a vector as sums of two that are shared."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

__all__ = ["NONE", "AdderGraph"]

NONE = -1
"""Node of a row without any weight."""


@dataclass(frozen=True, eq=False)
class AdderGraph:
    """Graph of adders from the elements of a vector to its products with the rows of a matrix.

    Its nodes are the elements, 0…inputs − 1, and behind them the adders in order.

    Parameters
    ----------
    inputs : int
        Elements of the vector.
    adders : array of int64, shape (adders, 3)
        Nodes ``a`` and ``b``, which come before it, and a sign: node = a + sign · b.
    outputs : array of int64, shape (rows, 2)
        Node of each row, or :data:`NONE` for 0, and a sign: product = sign · node.
    """

    inputs: int
    adders: np.ndarray
    outputs: np.ndarray

    @cached_property
    def levels(self) -> np.ndarray:
        """Adders on the longest way to each node: int64, shape (nodes,)."""
        levels = np.zeros(self.inputs + len(self.adders), np.int64)
        for place, (a, b, _) in enumerate(self.adders.tolist(), self.inputs):
            levels[place] = 1 + max(levels[a], levels[b])
        return levels

    @property
    def depth(self) -> int:
        """Adders on the longest way from an element to a product."""
        return int(self.levels.max(initial=0))

    def matrix(self) -> np.ndarray:
        """The matrix that it multiplies by: int64, shape (rows, inputs)."""
        nodes = np.zeros((self.inputs + len(self.adders), self.inputs), np.int64)
        nodes[: self.inputs] = np.eye(self.inputs, dtype=np.int64)
        for place, (a, b, sign) in enumerate(self.adders.tolist(), self.inputs):
            nodes[place] = nodes[a] + sign * nodes[b]
        rows = np.zeros((len(self.outputs), self.inputs), np.int64)
        for row, (node, sign) in enumerate(self.outputs.tolist()):
            if node != NONE:
                rows[row] = sign * nodes[node]
        return rows
