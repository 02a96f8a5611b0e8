"""Polarity: for each adder of a graph, whether it adds its operands or their negatives.

A sum and its complement come from the same adder; only a node that is read with both signs takes
LUTs for its complement. Turning an adder round, so that it gives the negative, turns round what it
reads. The complements of elements of the vector always take LUTs.
"""

import numpy as np

from ..cycle_model.compiled import compiled
from .graph import NONE, AdderGraph

__all__ = ["orientations"]

_ROUNDS = 400
_WORSE = 6.0  # bits that a step may lose in the beginning


def orientations(graph: AdderGraph, widths: np.ndarray) -> np.ndarray:
    """Which way each adder should be turned, for few bits of complements: 1 or −1, int64.

    Parameters
    ----------
    graph : AdderGraph
    widths : array of int, shape (nodes,)
        Bits of each node's signal.
    """
    # How often each node is read with scale 1 and −1 by what is not an adder.
    read = np.zeros((len(widths), 2), np.int64)
    read[: graph.inputs, 0] = 1
    for node, sign in graph.outputs.tolist():
        if node != NONE:
            read[node, 0 if sign == 1 else 1] += 1
    return _search(graph.adders, np.asarray(widths, np.int64), read)


@compiled
def _search(adders, widths, read):
    np.random.seed(1)
    turns = np.ones(len(adders), np.int64)
    for a, b, sign in adders:
        _turn(read, a, b, sign, 1, 1)
    cost = 0
    for node in range(len(widths)):
        cost += _cost(read, widths, node)
    best, least = turns.copy(), cost
    for number in range(_ROUNDS):
        allowed = max(0.0, _WORSE * (1 - 1.2 * number / _ROUNDS))
        for adder in np.random.permutation(len(adders)):
            a, b, sign = adders[adder]
            before = _cost(read, widths, a) + _cost(read, widths, b)
            _turn(read, a, b, sign, turns[adder], -1)
            _turn(read, a, b, sign, -turns[adder], 1)
            change = _cost(read, widths, a) + _cost(read, widths, b) - before
            if change <= allowed * np.random.random():
                turns[adder] = -turns[adder]
                cost += change
            else:
                _turn(read, a, b, sign, -turns[adder], -1)
                _turn(read, a, b, sign, turns[adder], 1)
        if cost < least:
            best, least = turns.copy(), cost
    return best


@compiled
def _turn(read, a, b, sign, turn, change):
    """Count, or no longer count, what an adder reads."""
    read[a, 0 if turn == 1 else 1] += change
    read[b, 0 if turn * sign == 1 else 1] += change


@compiled
def _cost(read, widths, node):
    return widths[node] if read[node, 0] and read[node, 1] else 0
