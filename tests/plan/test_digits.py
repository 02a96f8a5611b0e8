from itertools import combinations, product

import numpy as np
import pytest

from threefold.plan.digits import digit_tiles


def summed(tiles, shape):
    """What accumulators come to that are doubled, of weights and of digits that are −1."""
    weights, complements = np.zeros(shape, int), np.zeros((shape[0], shape[4]), int)
    for place, ternary, double in zip(tiles.places, tiles.weights, tiles.doubles, strict=True):
        weights[place[0]] *= 1 + double
        complements[place[0]] *= 1 + double
        weights[tuple(place)] += ternary
        complements[place[0]] += (ternary < 0).sum(axis=1)
    return weights, complements.ravel()


def random_weights(rng, digits, shape):
    largest = 2**digits - 1
    spread = rng.standard_normal(shape) * largest / rng.choice([1, 2, 4, 8])
    weights = np.clip(np.rint(spread), -largest, largest).astype(int)
    return weights * (rng.random(shape) < rng.choice([0.2, 1.0]))


SHAPES = [(1, 1, 1, 1, 1, 1), (2, 1, 1, 3, 2, 3), (3, 2, 3, 2, 1, 2), (2, 3, 3, 4, 4, 8)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("digits", range(1, 9))
def test_tiles_put_together_are_the_weights(digits, shape):
    for seed in range(4):
        weights = random_weights(np.random.default_rng(seed), digits, shape)
        tiles = digit_tiles(weights, digits)
        together, complements = summed(tiles, shape)
        assert np.array_equal(together, weights), f"seed {seed}"
        assert np.array_equal(complements, tiles.complements), f"seed {seed}"
        assert np.abs(tiles.weights).max(initial=0) <= 1
        assert len(tiles.places) == len(tiles.weights) == len(tiles.doubles)
        assert sorted(set(tiles.places[:, 0])) == list(range(shape[0]))


def least(values, digits):
    """Fewest digits with which all of some values can be written, by trying all."""
    for count in range(digits + 2):
        for chosen in combinations(range(digits + 1), count):
            sums = {sum(terms) for terms in product(*((-(2**d), 0, 2**d) for d in chosen))}
            if sums >= set(values):
                return count
    raise AssertionError


@pytest.mark.parametrize("seed", range(6))
def test_no_digits_are_fewer(seed):
    digits = 3 + seed % 2
    largest = 2**digits - 1
    rng = np.random.default_rng(seed)
    weights = rng.integers(-largest, largest + 1, (1, 1, 1, 40, 1, 2))
    fewest = sum(least(pair, digits) for pair in weights[0, 0, 0, :, 0].tolist())
    tiles = digit_tiles(weights, digits)
    assert len(tiles.places) == fewest
    signed = sum(np.bitwise_or.reduce(np.abs(pair)).bit_count() for pair in weights[0, 0, 0, :, 0])
    assert fewest < signed


@pytest.mark.parametrize(
    ("weights", "digits"),
    [
        ([0], [0]),
        ([1, 0, -1], [0, 0]),
        ([4], [2, 1, 0]),  # the others double
        ([7], [2, 1, 0]),  # 8 − 1 takes four, two of them empty
        ([7, 7, 7, 7], [3, 2, 1, 0, 0, 0, 0, 3, 3, 3]),
        ([3, 3, 3, 3, 3], [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]),
        ([6, 0, 1], [2, 1, 0]),
    ],
)
def test_digits_between_cost_a_tile(weights, digits):
    tiles = digit_tiles(np.reshape(weights, (1, 1, 1, -1, 1, 1)), 3)
    expected = sorted(digits, reverse=True)
    passed = np.cumsum(tiles.doubles)
    assert (passed[-1] - passed).tolist() == expected


def test_groups_have_digits_of_their_own():
    weights = np.reshape([[1, 0], [5, 1], [0, 0], [2, 3]], (4, 1, 1, 2, 1, 1))
    tiles = digit_tiles(weights, 3)
    groups = tiles.places[:, 0].tolist()
    assert groups == sorted(groups)
    assert [groups.count(group) for group in range(4)] == [1, 4, 1, 3]
    assert not tiles.doubles[[groups.index(group) for group in range(4)]].any()


def test_ternary_weights_are_their_own_tiles():
    weights = random_weights(np.random.default_rng(0), 1, (2, 3, 3, 4, 2, 2))
    tiles = digit_tiles(weights.astype(np.int8), 1)
    assert tiles.weights.dtype == np.int8
    assert np.array_equal(tiles.weights, weights[tuple(tiles.places.T)])
    assert not tiles.doubles.any()
    assert tiles.complements.tolist() == (weights < 0).sum(axis=(1, 2, 3, 5)).ravel().tolist()
