"""Serial sums: an adder graph whose adders take a digit of their operands a cycle, lowest first.

All is modulo a power of two that no product reaches, so that negative values are complements and
no signal has an offset: ``a − b`` is ``a``, the complement of ``b``, and a carry at the beginning.
"""

from collections import Counter
from typing import NamedTuple

import numpy as np

from .graph import NONE, AdderGraph

__all__ = ["CHAINED", "SerialOutput", "SerialPath", "SerialSum", "serial_path"]

CHAINED = 4
"""Bits of the narrowest digit for which a carry chain takes fewer LUTs than two for each bit."""


class SerialSum(NamedTuple):
    """A signal that is the sum of two others.

    Attributes
    ----------
    a, b : int
        Signals before it.
    subtracts : bool
        Whether the complement of ``b`` is added.
    carry : int
        Carry that a word begins with, 0 or 1.
    """

    a: int
    b: int
    subtracts: bool
    carry: int


class SerialOutput(NamedTuple):
    """A row: ``signal + constant``, or with the complement of the signal.

    Attributes
    ----------
    signal : int
        −1 for 0.
    complemented : bool
    constant : int
    """

    signal: int
    complemented: bool
    constant: int


class SerialPath(NamedTuple):
    """Signals of an adder graph: the elements of the vector, then the sums in order.

    Attributes
    ----------
    sums : tuple of SerialSum
    outputs : tuple of SerialOutput
    """

    sums: tuple[SerialSum, ...]
    outputs: tuple[SerialOutput, ...]


def serial_path(graph: AdderGraph, offsets: np.ndarray) -> SerialPath:
    """Signals of a graph, whose rows are its products and an offset.

    Carries take up offsets of a few, where adders are of one row alone; a constant is left of the
    others.

    Parameters
    ----------
    graph : AdderGraph
    offsets : array of int, shape (rows,)
    """
    sums = [SerialSum(a, b, sign == -1, int(sign == -1)) for a, b, sign in graph.adders.tolist()]
    reads = Counter(signal for each in sums for signal in (each.a, each.b))
    reads.update(graph.outputs[:, 0].tolist())
    outputs = []
    for (node, sign), offset in zip(graph.outputs.tolist(), offsets.tolist(), strict=True):
        if node == NONE:
            outputs.append(SerialOutput(-1, False, offset))
            continue
        place, complemented = node - graph.inputs, sign == -1
        if complemented and place >= 0 and reads[node] == 1 and sums[place].subtracts:
            made = sums[place]
            sums[place] = made._replace(a=made.b, b=made.a)
            complemented = False
        constant, turn = offset + complemented, -1 if complemented else 1
        while constant:
            step = 1 if constant > 0 else -1
            if not _moved(sums, reads, graph.inputs, node, step * turn):
                break
            constant -= step
        outputs.append(SerialOutput(node, complemented, constant))
    return SerialPath(tuple(sums), tuple(outputs))


def _moved(sums: list[SerialSum], reads: Counter, inputs: int, signal: int, step: int) -> bool:
    """Whether a carry could be changed so that a signal of one row is more by 1, or less by 1."""
    waiting = [(signal, step)]
    while waiting:
        signal, step = waiting.pop()
        place = signal - inputs
        if place < 0 or reads[signal] > 1:
            continue
        made = sums[place]
        if made.carry == (step == -1):
            sums[place] = made._replace(carry=1 - made.carry)
            return True
        waiting += [(made.a, step), (made.b, -step if made.subtracts else step)]
    return False
