"""Digits: tiles of integer weights as sums of ternary tiles, each shifted by its digit.

A weight is Σ 2^d · t_d with digits t_d of −1, 0, +1. It has several such sums: 3 is 2 + 1 or 4 − 1.
All weights of a tile share the digits that they may use, since a ternary tile that holds a weight
takes a cycle. The fewest digits with which a tile can be written are found among all sets of
digits.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

__all__ = ["DigitTiles", "digit_tiles"]

_AT_ONCE = 1 << 16  # weights that are looked up together


@dataclass(frozen=True, eq=False)
class DigitTiles:
    """Ternary tiles of a layer in the order in which an array takes them.

    Row group by row group, in each digit by digit, the most significant first, and in each of
    these the tiles that hold one. A digit below the first of its group that no tile has keeps one
    tile, with which the accumulator is doubled.

    Parameters
    ----------
    places : array of int64, shape (tiles, 4)
        Row group, kernel row, kernel column and word; in general the places on the axes in front of
        the PEs.
    weights : array of int8, shape (tiles, PE, SIMD)
        −1, 0, +1.
    doubles : array of bool, shape (tiles,)
        Whether the accumulator is doubled ahead of the tile: the first of each further digit.
    complements : array of int64, shape (rows,)
        Σ 2^d of the digits of each filter that are −1.
    """

    places: np.ndarray
    weights: np.ndarray
    doubles: np.ndarray
    complements: np.ndarray


def digit_tiles(weights: np.ndarray, digits: int, *, dense: bool = False) -> DigitTiles:
    """The ternary tiles of a layer's weights, the empty ones left out.

    A row group without any weight keeps one tile. If ``dense``, all tiles of all digits stay, the
    same in each row group.

    Parameters
    ----------
    weights : array of int, shape (row groups, kernel height, kernel width, words, PE, SIMD)
        There may be any number of axes between row groups and PEs.
    digits : int
        Binary digits of the largest magnitude among them, at least 1.
    """
    groups, *inner, pe, simd = weights.shape
    flat = weights.reshape(groups, -1, pe * simd)
    table = _Table.of(digits)
    sets = np.asarray(flat.any(axis=2), np.int64) if digits == 1 else _sets(flat, table)
    descending = np.arange(table.positions)[::-1]
    there = (sets[:, None] >> descending[:, None] & 1).astype(bool)  # group, digit, tile
    some = there.any(axis=2)
    reached = np.maximum.accumulate(some, axis=1)
    reached[:, -1] = True
    there[..., 0] |= reached & ~some
    if dense:
        there[:, reached.any(axis=0)] = True
    group, level, place = np.nonzero(there)
    further = np.append(False, (group[1:] == group[:-1]) & (level[1:] != level[:-1]))
    return DigitTiles(
        np.stack([group, *np.unravel_index(place, inner)], axis=1),
        table.ternary(flat[group, place], sets[group, place], descending[level]).reshape(
            -1, pe, simd
        ),
        further,
        table.negatives(flat, sets).reshape(groups, -1, pe, simd).sum(axis=(1, 3)).ravel(),
    )


def _sets(weights: np.ndarray, table: "_Table") -> np.ndarray:
    """The digits of each tile, as bits of an integer: int64, shape (row groups, tiles).

    One digit more than a group's largest weight has can leave fewer tiles, since 7 is 8 − 1, but
    the digits between cost a tile at least.
    """
    found = np.zeros(weights.shape[:2], np.int64)
    highest = np.abs(weights).max(axis=(1, 2))
    for group, largest in enumerate(highest.tolist()):
        count = largest.bit_length()
        options = [
            table.fewest(weights[group], positions)
            for positions in range(max(1, count), min(count + 1, table.positions) + 1)
        ]
        found[group] = min(options, key=_tiles)
    return found


def _tiles(sets: np.ndarray) -> int:
    """Ternary tiles of a row group whose tiles have these digits."""
    highest = int(np.bitwise_or.reduce(sets)).bit_length()
    return sum(max(1, int((sets >> digit & 1).sum())) for digit in range(highest))


@dataclass(frozen=True, eq=False)
class _Table:
    """What weights of some magnitude are with each set of digits.

    Parameters
    ----------
    largest : int
        Largest magnitude.
    positions : int
        Number of digits.
    complements : array of int16, shape (sets of digits, weights from the smallest on)
        The least Σ 2^d of digits that are −1; :data:`_NEVER` for a set that cannot give the weight.
    """

    largest: int
    positions: int
    complements: np.ndarray

    @staticmethod
    @lru_cache
    def of(digits: int) -> "_Table":
        """That of weights whose magnitude has so many binary digits."""
        positions = digits + (digits > 1)
        largest, reach = 2**digits - 1, 2**positions - 1
        least = np.full((1 << positions, 2 * reach + 1), _NEVER, np.int16)
        least[0, reach] = 0
        for chosen in range(1, len(least)):
            power = 1 << (chosen.bit_length() - 1)
            rest = least[chosen - power]
            least[chosen] = rest
            least[chosen, power:] = np.minimum(rest[power:], rest[:-power])
            lower = rest[power:] + np.where(rest[power:] == _NEVER, 0, power)
            least[chosen, :-power] = np.minimum(least[chosen, :-power], lower)
        return _Table(largest, positions, least[:, reach - largest : reach + largest + 1])

    @cached_property
    def _ranked(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each number of positions its sets by size, and for each weight which of them do."""
        found = []
        for positions in range(self.positions + 1):
            ordered = sorted(range(1 << positions), key=lambda each: (each.bit_count(), each))
            able = (self.complements[ordered] != _NEVER).T
            packed = np.packbits(able, axis=1, bitorder="little")
            found.append((np.array(ordered), packed))
        return found

    def fewest(self, weights: np.ndarray, positions: int) -> np.ndarray:
        """The smallest set of the lowest ``positions`` digits for each tile: int64, (tiles,).

        Parameters
        ----------
        weights : array of int, shape (tiles, weights of each)
        """
        ordered, packed = self._ranked[positions]
        step = max(1, _AT_ONCE // weights.shape[1])
        ranks = []
        for start in range(0, len(weights), step):
            able = packed[weights[start : start + step].astype(np.int64) + self.largest]
            common = np.bitwise_and.reduce(able, axis=1)
            ranks.append(np.unpackbits(common, axis=1, bitorder="little").argmax(axis=1))
        return ordered[np.concatenate(ranks)]

    def negatives(self, weights: np.ndarray, sets: np.ndarray) -> np.ndarray:
        """Σ 2^d of each weight's digits that are −1: int64, of the shape of ``weights``."""
        if self.positions == 1:
            return (weights < 0).astype(np.int64)
        found = self.complements[sets[..., None], weights.astype(np.int64) + self.largest]
        return found.astype(np.int64)

    def ternary(self, weights: np.ndarray, sets: np.ndarray, digit: np.ndarray) -> np.ndarray:
        """One digit of each weight of some tiles: int8, shape (tiles, weights of each)."""
        if self.positions == 1:
            return weights.astype(np.int8)
        negative = self.negatives(weights, sets)
        bits = [number >> digit[:, None] & 1 for number in (weights + negative, negative)]
        return (bits[0] - bits[1]).astype(np.int8)


_NEVER = np.iinfo(np.int16).max
