"""Sharing: the sums that rows of a ternary matrix have in common, each computed once.

Rows begin as their terms. Again and again, two terms that occur together in several rows, with the
same relative sign, become an adder, and the rows read its sum instead. What is left of each row is
added up, the narrowest terms first. That is repeated with some of the adders forgotten, at random
but with a fixed seed, and what takes fewer bits of adders is kept.
"""

import numpy as np

from ..cycle_model.compiled import compiled
from .graph import NONE, AdderGraph

__all__ = ["shared_graph"]

_FORGOTTEN = 0.05  # share of the adders, at most, that a round leaves out
_WORSE = 8.0  # bits that a round may lose in the beginning; none in the end
_WIDEST = 48  # bits
_NOISE = 40


def shared_graph(weights: np.ndarray, largest: np.ndarray, rounds: int) -> AdderGraph:
    """An adder graph of a matrix, of few bits of adders; the same for the same matrix.

    Parameters
    ----------
    weights : array of int, shape (rows, columns)
        Of −1, 0 and 1.
    largest : array of int, shape (columns,)
        Largest value of each element of the vector; the least is 0.
    rounds : int
        How often to begin again from what was found.
    """
    weights = np.ascontiguousarray(weights, np.int64)
    adders, outputs = _search(weights, np.asarray(largest, np.int64), rounds)
    return AdderGraph(weights.shape[1], adders, outputs)


@compiled
def _search(weights, largest, rounds):
    np.random.seed(1)
    nothing = np.zeros((0, 3), np.int64)
    kept, outputs, shared, cost = _build(weights, largest, nothing, np.zeros(0, np.bool_))
    best, best_outputs, least = kept, outputs, cost
    for number in range(rounds):
        share = _FORGOTTEN * np.random.random()
        forgotten = np.random.random(shared) < share
        found, found_outputs, count, bits = _build(weights, largest, kept[:shared], forgotten)
        allowed = _WORSE * (1 - number / rounds) * np.random.random()
        if bits <= cost + allowed:
            kept, shared, cost = found, count, bits
            if bits < least:
                best, best_outputs, least = found, found_outputs, bits
    return best, best_outputs


@compiled
def _build(weights, largest, before, forgotten):
    """One graph: adders of ``before`` that are not forgotten first, then the most frequent pairs.

    Returns
    -------
    adders, outputs : array
        As in AdderGraph.
    shared : int
        Adders that several rows read; they come first.
    bits : int
        Of all adders together.
    """
    rows, columns = weights.shape
    nodes = columns + np.count_nonzero(weights)
    terms, signs, count = _terms(weights)
    pairs = np.zeros((nodes, nodes, 2), np.int16)
    for row in range(rows):
        for place in range(count[row]):
            for other in range(place):
                same = signs[row, place] == signs[row, other]
                _count(pairs, terms[row, place], terms[row, other], same, 1)
    spans = np.zeros(nodes, np.int64)
    spans[:columns] = largest
    adders = np.zeros((nodes - columns, 3), np.int64)
    now = np.full(columns + len(before), -1, np.int64)
    now[:columns] = np.arange(columns)
    node, bits = columns, 0
    for number in range(len(before)):
        a, b, sign = now[before[number, 0]], now[before[number, 1]], before[number, 2]
        if forgotten[number] or a < 0 or b < 0:
            continue
        if pairs[min(a, b), max(a, b), 0 if sign == 1 else 1] < 2:
            continue
        now[columns + number] = node
        bits += _add(adders, spans, columns, node, a, b, sign)
        _replace(terms, signs, count, pairs, a, b, sign, node)
        node += 1
    while True:
        a, b, sign = _most_frequent(terms, signs, count, pairs, spans)
        if sign == 0:
            break
        bits += _add(adders, spans, columns, node, a, b, sign)
        _replace(terms, signs, count, pairs, a, b, sign, node)
        node += 1
    shared = node - columns
    outputs = np.full((rows, 2), 1, np.int64)
    outputs[:, 0] = NONE
    for row in range(rows):
        while count[row] > 1:
            _narrowest_last(terms[row], signs[row], count[row], spans)
            last = count[row] - 1
            a, b = terms[row, last], terms[row, last - 1]
            sign = signs[row, last] * signs[row, last - 1]
            bits += _add(adders, spans, columns, node, a, b, sign)
            terms[row, last - 1], signs[row, last - 1] = node, signs[row, last]
            count[row] = last
            node += 1
        if count[row]:
            outputs[row, 0], outputs[row, 1] = terms[row, 0], signs[row, 0]
    return adders[: node - columns], outputs, shared, bits


@compiled
def _terms(weights):
    """Columns of the weights of each row that are not 0, their signs, and how many there are."""
    rows, columns = weights.shape
    terms = np.zeros((rows, columns), np.int64)
    signs = np.zeros((rows, columns), np.int64)
    count = np.zeros(rows, np.int64)
    for row in range(rows):
        for column in range(columns):
            if weights[row, column]:
                terms[row, count[row]] = column
                signs[row, count[row]] = weights[row, column]
                count[row] += 1
    return terms, signs, count


@compiled
def _add(adders, spans, columns, node, a, b, sign):
    """Note an adder; the bits of its sum."""
    place = node - columns
    adders[place, 0], adders[place, 1], adders[place, 2] = a, b, sign
    spans[node] = spans[a] + spans[b]
    return _bits(spans[node])


@compiled
def _bits(value):
    bits = 0
    while value > 0:
        value >>= 1
        bits += 1
    return bits


@compiled
def _count(pairs, a, b, same, change):
    pairs[min(a, b), max(a, b), 0 if same else 1] += change


@compiled
def _count_row(terms, signs, count, pairs, place, change, but):
    """Count the pairs of one term of a row with all others but one."""
    for other in range(count):
        if other != place and other != but:
            same = signs[place] == signs[other]
            _count(pairs, terms[place], terms[other], same, change)


@compiled
def _replace(terms, signs, count, pairs, a, b, sign, node):
    """Let all rows that have a + sign · b, or its negative, read its node."""
    for row in range(len(terms)):
        one, other = -1, -1
        for place in range(count[row]):
            if terms[row, place] == a:
                one = place
            elif terms[row, place] == b:
                other = place
        if one < 0 or other < 0 or signs[row, one] * signs[row, other] != sign:
            continue
        _count_row(terms[row], signs[row], count[row], pairs, one, -1, -1)
        _count_row(terms[row], signs[row], count[row], pairs, other, -1, one)
        terms[row, one] = node
        last = count[row] - 1
        terms[row, other], signs[row, other] = terms[row, last], signs[row, last]
        if one == last:
            one = other
        count[row] = last
        _count_row(terms[row], signs[row], count[row], pairs, one, 1, -1)


@compiled
def _most_frequent(terms, signs, count, pairs, spans):
    """The pair in most rows, a narrow one if there are several; about, and sign 0 if in one."""
    best, a, b, sign = 0, 0, 0, 0
    for row in range(len(terms)):
        for place in range(count[row]):
            for other in range(place):
                one, two = terms[row, place], terms[row, other]
                same = signs[row, place] == signs[row, other]
                often = pairs[min(one, two), max(one, two), 0 if same else 1] - 1
                if often < 1:
                    continue
                worth = 64 * often * (_WIDEST - min(_bits(spans[one] + spans[two]), _WIDEST - 1))
                if worth + 64 * _NOISE > best:
                    worth += np.random.randint(0, 64 * _NOISE)
                    if worth > best:
                        best, a, b, sign = worth, min(one, two), max(one, two), 1 if same else -1
    return a, b, sign


@compiled
def _narrowest_last(terms, signs, count, spans):
    """Move the two narrowest terms of a row to its end."""
    for end in range(count - 1, count - 3, -1):
        least = 0
        for place in range(end + 1):
            if spans[terms[place]] < spans[terms[least]]:
                least = place
        terms[least], terms[end] = terms[end], terms[least]
        signs[least], signs[end] = signs[end], signs[least]
