"""Grouping: the search for an order in which neighbours have the same needs.

Filters are items; an order puts them into slots; slots form bins of equal size, the row groups
of a PE array. A bin needs every unit that one of its items needs, and each unit costs a tile.
The channels that a following layer reads are the same items, in bins of its SIMD width. So an
order has several views, and its cost is the sum over them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

__all__ = ["View", "cost", "improve"]

# What the n-th item adds to a bin in which n others need the same unit already. With the last
# of these it is what it costs. The others reward swaps that will pay only after further swaps.
# All are sums of few powers of two: exact in any order, so that results do not depend on BLAS.
_STAGES = (
    (1.0, 0.5, 0.25, 0.125, 0.0625, 0.0),
    (1.0, 0.25, 0.0625, 0.0),
    (1.0, 0.0),
)
_ROUNDS = 64  # of swaps in each stage


@dataclass(frozen=True, eq=False)
class View:
    """View of one layer on an order: what its bins need.

    Parameters
    ----------
    units : array of bool, shape (items, units)
        What each item needs.
    bins : array of int, shape (items,)
        Bin of each slot, ascending from 0.
    others : array of bool, shape (bins, units)
        What a bin needs anyway.
    weight : int
        What a tile costs.
    """

    units: np.ndarray
    bins: np.ndarray
    others: np.ndarray
    weight: int = 1

    def counts(self, order: np.ndarray) -> np.ndarray:
        """How many need each unit of each bin: int64, shape (bins, units)."""
        starts = np.flatnonzero(np.diff(self.bins, prepend=-1))
        return np.add.reduceat(self.units[order], starts, axis=0, dtype=np.int64) + self.others


def cost(order: np.ndarray, views: Sequence[View]) -> int:
    """Weighted tiles of all views."""
    return sum(view.weight * int(np.count_nonzero(view.counts(order))) for view in views)


def improve(order: np.ndarray, views: Sequence[View]) -> np.ndarray:
    """An order that costs no more, mostly less; the same one for the same arguments.

    Items move one by one, and as blocks of the size of some view's bins, which leaves the tiles
    of that view as they are.

    Parameters
    ----------
    order : array of int, shape (items,)
        Where to start: the item of each slot.
    views : sequence of View
    """
    sizes = {1} | {int(np.bincount(view.bins).max()) for view in views}
    for size in sorted(sizes, reverse=True):
        blocks = _blocks(order, views, size)
        if blocks:
            starts = np.arange(len(order) // size), _greedy(blocks)
            found = (order.reshape(-1, size)[_swap(start, blocks)].ravel() for start in starts)
            order = min(order, *found, key=lambda order: cost(order, views))
    return order


def _blocks(order: np.ndarray, views: Sequence[View], size: int) -> list[View] | None:
    """The views of blocks of ``size`` slots; None if bins and blocks cut each other."""
    if len(order) % size:
        return None
    coarse = []
    for view in views:
        bins = view.bins.reshape(-1, size)
        if (bins == bins[:, :1]).all():
            units = view.units[order].reshape(*bins.shape, -1).any(axis=1)
            coarse.append(replace(view, units=units, bins=bins[:, 0]))
        elif (
            (bins != bins[:, :1] + bins[0]).any()
            or (np.diff(bins[:, 0]) != bins[0, -1] + 1).any()
            or view.others.any()
        ):
            return None
        # What is left is a view whose bins move with the blocks, and stay what they are.
    return coarse


def _greedy(views: Sequence[View]) -> np.ndarray:
    """Slot by slot the item that adds the fewest tiles to the bins it enters."""
    items = len(views[0].bins)
    left, order = np.ones(items, bool), []
    units = [view.units.astype(np.float32) for view in views]
    weighted = [view.weight * each.sum(axis=1) for view, each in zip(views, units, strict=True)]
    needs = np.sum(weighted, axis=0, dtype=np.float32)
    covered = [np.zeros_like(view.others[0]) for view in views]
    for slot in range(items):
        score = np.zeros(items)
        for v, view in enumerate(views):
            here = view.bins[slot]
            if slot == 0 or view.bins[slot - 1] != here:
                covered[v] = view.others[here].copy()
            shared = units[v] @ covered[v].astype(np.float32)
            score -= view.weight * shared
        # What is added is what an item needs and its bins do not have yet. A bin starts with
        # the item that needs the most; later ones of equal addition share the most.
        fresh = not any(each.any() for each in covered)
        score = -needs if fresh else (score + needs) * (needs.max() + 1) - needs
        item = int(np.where(left, score, np.inf).argmin())
        left[item] = False
        order.append(item)
        for v, view in enumerate(views):
            covered[v] |= view.units[item]
    return np.array(order, dtype=np.int64)


def _swap(order: np.ndarray, views: Sequence[View]) -> np.ndarray:
    """Swap pairs while that makes the views cheaper."""
    for stage in _STAGES:
        for _ in range(_ROUNDS):
            pairs = _disjoint(_gains(order, views, stage), views)
            if not pairs:
                break
            for one, other in pairs:
                order[[one, other]] = order[[other, one]]
    return order


def _gains(order: np.ndarray, views: Sequence[View], stage: Sequence[float]) -> np.ndarray:
    """How much cheaper it gets if the items of two slots are swapped, for all pairs of slots."""
    table = np.array(stage, np.float32)
    gains = np.zeros((len(order), len(order)))
    for view in views:
        units = view.units[order]
        rest = np.minimum(view.counts(order), len(table)).astype(np.int8)[view.bins] - units
        price = table[np.minimum(rest, len(table) - 1)]
        moved = price @ units.T.astype(np.float32)  # price of the column's item in the row's slot
        gain = moved.diagonal()[:, None] - moved
        gains += view.weight * np.where(view.bins[:, None] == view.bins, 0, gain)
    return gains + gains.T


def _disjoint(gains: np.ndarray, views: Sequence[View]) -> list[tuple[int, int]]:
    """The best swap of each slot, as far as they do not meet in a bin."""
    partners = gains.argmax(axis=1)
    best = gains[np.arange(len(gains)), partners]
    used = [set() for _ in views]
    pairs = []
    for one in np.argsort(-best, kind="stable"):
        other = partners[one]
        if best[one] <= 0:
            break
        touched = [{int(view.bins[one]), int(view.bins[other])} for view in views]
        if any(seen & bins for seen, bins in zip(used, touched, strict=True)):
            continue
        for seen, bins in zip(used, touched, strict=True):
            seen |= bins
        pairs.append((int(one), int(other)))
    return pairs
