from itertools import permutations

import numpy as np
import pytest

from threefold.plan.alignment.grouping import View, cost, improve


def view(units, size, others=(), weight=1, phase=0):
    units = np.array(units, bool)
    bins = (phase + np.arange(len(units))) // size
    held = np.zeros((bins[-1] + 1, units.shape[1]), bool)
    for bin, unit in others:
        held[bin, unit] = True
    return View(units, bins, held, weight)


def random_view(rng, items, units, size, kept=0.4, weight=1):
    return view(rng.random((items, units)) < kept, size, weight=weight)


def test_cost_counts_each_unit_of_a_bin_once():
    one = view([[1, 0, 1], [1, 0, 0], [0, 0, 0], [0, 1, 0]], 2)
    assert one.counts(np.arange(4)).tolist() == [[2, 0, 1], [0, 1, 0]]
    assert cost(np.arange(4), [one]) == 3
    assert cost(np.array([0, 3, 1, 2]), [one]) == 4
    held = view([[1, 0, 1], [1, 0, 0], [0, 0, 0], [0, 1, 0]], 2, others=[(1, 1), (1, 2)], weight=5)
    assert cost(np.arange(4), [held]) == 5 * 4
    assert cost(np.arange(4), [one, held]) == 3 + 5 * 4


def test_bins_may_begin_in_their_middle():
    assert view([[1]] * 5, 3, phase=2).counts(np.arange(5)).tolist() == [[1], [3], [1]]


@pytest.mark.parametrize("size", [2, 4, 8])
@pytest.mark.parametrize("seed", range(3))
def test_equal_items_come_together(size, seed):
    rng = np.random.default_rng(seed)
    patterns = rng.random((64 // size, 24)) < 0.5
    units = patterns.repeat(size, axis=0)[rng.permutation(64)]
    assert cost(improve(np.arange(64), [view(units, size)]), [view(units, size)]) == patterns.sum()


@pytest.mark.parametrize("seed", range(5))
def test_small_cases_come_near_the_best(seed):
    rng = np.random.default_rng(seed)
    views = [random_view(rng, 6, 5, 2, weight=2), random_view(rng, 6, 4, 3)]
    best = min(cost(np.array(order), views) for order in permutations(range(6)))
    assert best <= cost(improve(np.arange(6), views), views) <= best + 1


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_blocks_move_as_a_whole(seed):
    """Words of four stay together for one view, while four equal words meet for the other."""
    rng = np.random.default_rng(seed)
    own = rng.random((16, 4, 30)) < 0.1
    words = view(((rng.random((16, 1, 30)) < 0.5) | own).reshape(64, 30), 4)
    patterns = rng.random((4, 20)) < 0.5
    shuffled = patterns.repeat(4, axis=0)[rng.permutation(16)].repeat(4, axis=0)
    views = [words, view(shuffled, 16, weight=3)]
    best = cost(np.arange(64), [words]) + 3 * patterns.sum()
    assert cost(np.arange(64), views) > best
    assert cost(improve(np.arange(64), views), views) == best


@pytest.mark.parametrize("seed", range(10))
def test_never_worse_and_always_the_same(seed):
    rng = np.random.default_rng(seed)
    sizes = rng.choice([2, 3, 4, 6, 8, 12], 3)
    views = [random_view(rng, 24, 10, size) for size in sizes]
    views.append(view(rng.random((24, 7)) < 0.3, 4, others=[(0, 1), (6, 2)], phase=3))
    start = rng.permutation(24)
    order = improve(start.copy(), views)
    assert sorted(order) == list(range(24))
    assert cost(order, views) <= cost(start, views)
    assert np.array_equal(order, improve(start, views))


def test_without_views_the_order_stays():
    order = np.array([2, 0, 1])
    assert np.array_equal(improve(order, []), order)
