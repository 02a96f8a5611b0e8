"""Datapath: an adder graph in unsigned signals, each as narrow as its own range.

A signal that stands for a node holds ``scale · value + offset``, where scale is 1 or −1. The
complement of a signal of so many bits, ``2^bits − 1 − signal``, has the other scale, and no sign is
needed anywhere. What an addition costs depends on the family: either the complement of a sum is
free, since it is in the LUT behind the carry chain, or that of one addend, in the LUT within it.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...errors import PlanError
from .graph import NONE, AdderGraph
from .pipeline import slot
from .polarity import orientations

__all__ = ["Datapath", "Output", "Sum", "datapath"]


class Sum(NamedTuple):
    """A signal that is the sum of two others, or the complement of one.

    Attributes
    ----------
    a, b : int
        Signals before it; ``b`` is −1 where it is nothing but the complement of ``a``.
    subtracts : bool
        Whether the complement of ``b`` within its own bits is added, instead of ``b``.
    carry : int
        What is added besides, 0 or 1.
    level : int
        Adders on the longest way to it.
    bits : int
        Width.
    """

    a: int
    b: int
    subtracts: bool
    carry: int
    level: int
    bits: int


class Output(NamedTuple):
    """A row: ``product = signal − offset``.

    Attributes
    ----------
    signal : int
        −1 where the row has no weight; then the offset is 0.
    offset : int
    least, largest : int
        Range of the product.
    """

    signal: int
    offset: int
    least: int
    largest: int


@dataclass(frozen=True, eq=False)
class Datapath:
    """Signals of an adder graph.

    Parameters
    ----------
    inputs : int
        Elements of the vector: the first signals.
    bits : int
        Width of each.
    sums : tuple of Sum
        The other signals, in order.
    outputs : tuple of Output
        One for each row.
    """

    inputs: int
    bits: int
    sums: tuple[Sum, ...]
    outputs: tuple[Output, ...]

    def width(self, signal: int) -> int:
        """Bits of a signal; 0 of none."""
        if signal < 0:
            return 0
        return self.bits if signal < self.inputs else self.sums[signal - self.inputs].bits

    def level(self, signal: int) -> int:
        """Adders on the longest way to a signal."""
        return 0 if signal < self.inputs else self.sums[signal - self.inputs].level

    def products(self, vectors: np.ndarray) -> np.ndarray:
        """Products of vectors, as the signals give them.

        Parameters
        ----------
        vectors : array of int, shape (vectors, inputs)

        Returns
        -------
        array of int64, shape (vectors, rows)

        Raises
        ------
        PlanError
            If a signal is not wide enough.
        """
        signals = list(np.asarray(vectors, np.int64).T)
        for each in self.sums:
            value = 2**each.bits - 1 - signals[each.a]
            if each.b >= 0:
                other = signals[each.b]
                addend = 2 ** self.width(each.b) - 1 - other if each.subtracts else other
                value = signals[each.a] + addend + each.carry
            if (value < 0).any() or (value >= 2**each.bits).any():
                raise PlanError(f"signal {len(signals)} does not fit {each.bits} bits")
            signals.append(value)
        nothing = np.zeros(len(vectors), np.int64)
        rows = [signals[each.signal] if each.signal >= 0 else nothing for each in self.outputs]
        return np.stack(rows, axis=1) - [each.offset for each in self.outputs]

    @property
    def adder_bits(self) -> int:
        """Bits of all adders together."""
        return sum(each.bits for each in self.sums if each.b >= 0)

    def delay_bits(self, levels: int) -> int:
        """Bits of registers that hold a signal for longer than a cycle.

        Parameters
        ----------
        levels : int
            Adders between registers.
        """
        last = [slot(self.level(signal), levels) for signal in range(self._signals)]
        end = 1 + max(last)
        for signal, each in enumerate(self.sums, self.inputs):
            for read in (each.a, each.b):
                if read >= 0:
                    last[read] = max(last[read], slot(self.level(signal), levels))
        for each in self.outputs:
            if each.signal >= 0:
                last[each.signal] = end
        return sum(
            self.width(signal)
            * max(0, place - slot(self.level(signal), levels) - (signal >= self.inputs))
            for signal, place in enumerate(last)
        )

    @property
    def _signals(self) -> int:
        return self.inputs + len(self.sums)

    @property
    def complement_bits(self) -> int:
        """Bits of complements of signals that something else reads, too."""
        read = Counter([*(s for each in self.sums for s in (each.a, each.b))])
        read.update(each.signal for each in self.outputs)
        return sum(
            each.bits
            for each in self.sums
            if each.b < 0 and (each.a < self.inputs or read[each.a] > 1)
        )


def datapath(graph: AdderGraph, bits: int, largest: int, *, free_outputs: bool) -> Datapath:
    """Signals of a graph.

    The offset of a row is a multiple of ``2^bits`` wherever a carry into one of its adders can make
    it so: then the product needs no addition in the lower bits.

    Parameters
    ----------
    graph : AdderGraph
    bits, largest : int
        Width of each element of the vector, and its largest value.
    free_outputs : bool
        Whether the complement of a sum is free, rather than that of an addend.
    """
    ranges = _ranges(graph, largest)
    widths = np.array([(high - low).bit_length() for low, high in ranges])
    builder = _Builder(graph, bits, largest)
    builder.wire(orientations(graph, widths) if free_outputs else _signs(graph), free_outputs)
    signals = [builder.get(node, sign) for node, sign in graph.outputs.tolist()]
    builder.settle(signals)
    outputs = tuple(
        _output(builder.held[signal] if signal >= 0 else None, signal, sign, ranges[node])
        for signal, (node, sign) in zip(signals, graph.outputs.tolist(), strict=True)
    )
    return Datapath(graph.inputs, bits, tuple(builder.sums), outputs)


def _output(held: "_Held | None", signal: int, sign: int, range_: tuple[int, int]) -> Output:
    if held is None:
        return Output(-1, 0, 0, 0)
    low, high = range_
    return Output(signal, held.offset, *((low, high) if sign == 1 else (-high, -low)))


def _signs(graph: AdderGraph) -> np.ndarray:
    """The sign that each adder's signal should have: that of the rows which read it."""
    signs = np.ones(len(graph.adders), np.int64)
    for node, sign in graph.outputs.tolist():
        if node >= graph.inputs:
            signs[node - graph.inputs] = sign
    return signs


def _ranges(graph: AdderGraph, largest: int) -> list[tuple[int, int]]:
    """Least and largest value of each node."""
    ranges = [(0, largest)] * graph.inputs
    for a, b, sign in graph.adders.tolist():
        low, high = ranges[b] if sign == 1 else (-ranges[b][1], -ranges[b][0])
        ranges.append((ranges[a][0] + low, ranges[a][1] + high))
    return ranges


class _Held(NamedTuple):
    """What a signal holds, ``offset`` besides its node or the negative of it, and its range."""

    offset: int
    least: int
    largest: int
    level: int
    bits: int

    @property
    def complement(self) -> "_Held":
        top = 2**self.bits - 1
        return self._replace(
            offset=top - self.offset, least=top - self.largest, largest=top - self.least
        )


class _Builder:
    """Builder of sums, whose carries and widths follow once all are there."""

    def __init__(self, graph: AdderGraph, bits: int, largest: int):
        self._graph = graph
        self._unit = 2**bits
        self._first = [_Held(0, 0, largest, 0, bits)] * graph.inputs
        self._signals = {(node, 1): node for node in range(graph.inputs)}  # by node and scale
        self.held: list[_Held] = []
        self.sums: list[Sum] = []

    def wire(self, turns: np.ndarray, free_outputs: bool) -> None:
        """Add a sum for each adder: turned as told, or with the scale told if it can be."""
        for node, (a, b, sign) in enumerate(self._graph.adders.tolist(), self._graph.inputs):
            wanted = int(turns[node - self._graph.inputs])
            if free_outputs:
                scale, one, other = wanted, self.get(a, wanted), self.get(b, wanted * sign)
                subtracts = False
            else:
                (one, scale), (other, second) = self._there(a), self._there(b)
                subtracts = scale != second * sign
                if subtracts and scale != wanted:
                    one, other, scale = other, one, wanted
            self._signals[node, scale] = self._add(Sum(one, other, subtracts, 0, 0, 0))

    def get(self, node: int, scale: int) -> int:
        """The signal of a node with a scale; the complement of the other if there is none."""
        if node == NONE:
            return -1
        if (node, scale) not in self._signals:
            other = self._signals[node, -scale]
            self._signals[node, scale] = self._add(Sum(other, -1, False, 0, 0, 0))
        return self._signals[node, scale]

    def settle(self, outputs: Sequence[int]) -> None:
        """Decide carries and widths."""
        self._measure(self._usual_carry)
        readers = Counter([*outputs, *(s for each in self.sums for s in (each.a, each.b))])
        for signal in set(outputs):
            if signal >= 0 and self.held[signal].offset % self._unit == self._unit - 1:
                self._add_one(signal, readers)
        self._measure(lambda made, one, other: made.carry)

    def _there(self, node: int) -> tuple[int, int]:
        """A signal of a node, and its scale."""
        scale = 1 if (node, 1) in self._signals else -1
        return self._signals[node, scale], scale

    def _add(self, made: Sum) -> int:
        self.sums.append(made)
        return self._graph.inputs + len(self.sums) - 1

    def _usual_carry(self, made: Sum, one: _Held, other: _Held) -> int:
        """The carry that keeps offsets at 0 or −1 within the bits of an element."""
        offsets = one.offset % self._unit, other.offset % self._unit
        return int(self._unit - 1 in offsets)

    def _measure(self, carry_of: Callable[[Sum, _Held, _Held], int]) -> None:
        """Find out what signals hold."""
        self.held = list(self._first)
        for place, each in enumerate(self.sums):
            one, carry = self.held[each.a], 0
            if each.b < 0:
                made = one.complement
            else:
                other = self.held[each.b].complement if each.subtracts else self.held[each.b]
                carry = carry_of(each, one, other)
                largest = one.largest + other.largest + carry
                made = _Held(
                    one.offset + other.offset + carry,
                    one.least + other.least + carry,
                    largest,
                    1 + max(one.level, other.level),
                    largest.bit_length(),
                )
            self.sums[place] = each._replace(carry=carry, level=made.level, bits=made.bits)
            self.held.append(made)

    def _add_one(self, signal: int, readers: Counter[int]) -> None:
        """Change the carry into a sum that only this signal reads, so that the signal is 1 more."""
        waiting = [(signal, 1)]
        while waiting:
            signal, turn = waiting.pop()
            if signal < self._graph.inputs or readers[signal] > 1:
                continue
            place = signal - self._graph.inputs
            made, largest = self.sums[place], self.held[signal].largest
            if made.b < 0:
                waiting.append((made.a, -turn))
            elif made.carry != (turn == 1) and (turn == -1 or largest & (largest + 1)):
                self.sums[place] = made._replace(carry=1 - made.carry)
                return
            else:
                waiting += [(made.a, turn), (made.b, -turn if made.subtracts else turn)]
