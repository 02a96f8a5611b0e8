import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.references.weights import ternary_weights


def tiles_of(weights, tile, whole_kernels=False):
    """Whether each tile has a weight: rows of tiles, kernel positions, columns of tiles."""
    filters, kernel_h, kernel_w, depth = weights.shape
    flat = weights.reshape(filters, kernel_h * kernel_w, depth)
    tiles = [
        [
            [flat[f : f + tile[0], k, d : d + tile[1]].any() for d in range(0, depth, tile[1])]
            for k in range(kernel_h * kernel_w)
        ]
        for f in range(0, filters, tile[0])
    ]
    tiles = np.array(tiles)
    return tiles.any(axis=1, keepdims=True) if whole_kernels else tiles


def test_density_is_the_share_of_weights():
    weights = ternary_weights(np.random.default_rng(0), (64, 3, 3, 64), density=0.3)
    assert weights.dtype == np.int8
    assert set(np.unique(weights)) == {-1, 0, 1}
    assert np.mean(weights != 0) == pytest.approx(0.3, abs=0.01)
    assert np.mean(weights == 1) == pytest.approx(0.15, abs=0.01)


def test_a_density_of_1_leaves_no_zeros():
    assert ternary_weights(np.random.default_rng(0), (4, 3, 3, 4), density=1.0).all()


@pytest.mark.parametrize(
    ("shape", "tile", "whole", "empty"),
    [
        ((16, 3, 3, 16), (8, 8), False, 27 / 36),
        ((64, 3, 3, 64), (16, 16), True, 12 / 16),
        ((16, 3, 3, 3), (16, 16), False, 7 / 9),
        ((10, 1, 1, 64), (16, 4), False, 12 / 16),
        ((64, 3, 3, 1), (8, 8), False, 54 / 72),
    ],
)
def test_sparsity_is_the_share_of_empty_tiles(shape, tile, whole, empty):
    weights = ternary_weights(np.random.default_rng(3), shape, 0.5, 0.75, tile, whole)
    assert np.mean(~tiles_of(weights, tile, whole)) == pytest.approx(empty)


@given(
    seed=st.integers(0, 2**32),
    shape=st.tuples(*(st.integers(1, top) for top in (9, 3, 3, 9))),
    density=st.sampled_from([0.01, 0.5, 1.0]),
    sparsity=st.sampled_from([0.0, 0.3, 0.75, 0.99]),
    tile=st.tuples(st.integers(1, 10), st.integers(1, 10)),
    whole=st.booleans(),
)
def test_every_row_of_tiles_keeps_its_share(seed, shape, density, sparsity, tile, whole):
    generator = np.random.default_rng(seed)
    weights = ternary_weights(generator, shape, density, sparsity, tile, whole)
    assert weights.reshape(shape[0], -1).any(axis=1).all()
    kept = tiles_of(weights, tile, whole)
    if sparsity:
        share = (1 - sparsity) * kept[0].size
        counts = kept.reshape(len(kept), -1).sum(axis=1)
        assert counts.min() >= max(1, math.floor(share))
        assert counts.max() <= max(1, math.ceil(share))
