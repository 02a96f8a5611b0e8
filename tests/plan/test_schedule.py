import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.network import Codes
from threefold.plan import Folding, Layer, Schedule

WEIGHTS = np.array(
    [
        [0, 0, 1, 0, 0, 0],
        [0, 0, 0, -1, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [1, -1, 0, 0, 0, 0],
        [0, 0, 0, 0, 1, 1],
    ],
    np.int8,
)
DENSE = np.ones((6, 6), np.int8)


def schedule(weights, pe, simd):
    return Schedule(Layer("fc1", "act1", weights, Codes.unsigned(2)), Folding(pe, simd))


def test_empty_tiles_are_left_out_but_one_of_an_empty_row_group():
    plan = schedule(WEIGHTS, 2, 2)
    assert (plan.row_groups, plan.words) == (3, 3)
    assert plan.occupancy.tolist() == [
        [False, True, False],
        [False, False, False],
        [True, False, True],
    ]
    assert plan.tiles == ((0, 1), (1, 0), (2, 0), (2, 2))
    assert plan.last == (True, True, False, True)
    assert plan.weights.tolist() == [
        [[1, 0], [0, -1]],
        [[0, 0], [0, 0]],
        [[1, -1], [0, 0]],
        [[0, 0], [1, 1]],
    ]
    assert plan.skipped == 5
    assert plan.link_bits == 2 + 1
    assert plan.row_bits == 2 * 2 * 2 + 3
    assert plan.weight_bits == 4 * 11


def test_without_empty_tiles_there_are_no_links():
    plan = schedule(DENSE, 2, 3)
    assert plan.tiles == ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1))
    assert plan.last == (False, True) * 3
    assert (plan.skipped, plan.link_bits, plan.row_bits, plan.weight_bits) == (0, 0, 12, 72)


def test_a_single_tile_is_constant():
    plan = schedule(DENSE, 6, 6)
    assert (plan.tiles, plan.last) == (((0, 0),), (True,))
    assert (plan.skipped, plan.row_bits, plan.weight_bits) == (0, 72, 0)


def test_a_single_tile_that_remains_is_constant():
    weights = np.zeros((2, 6), np.int8)
    weights[1, 4] = 1
    plan = schedule(weights, 2, 2)
    assert (plan.tiles, plan.skipped, plan.weight_bits) == (((0, 2),), 2, 0)


def test_a_layer_without_weights_keeps_a_tile_for_each_row_group():
    plan = schedule(0 * WEIGHTS, 2, 3)
    assert plan.tiles == ((0, 0), (1, 0), (2, 0))
    assert plan.last == (True, True, True)


@pytest.mark.parametrize("pe", [1, 2, 3, 6])
@pytest.mark.parametrize("simd", [1, 2, 3, 6])
@pytest.mark.parametrize("kept", [0.1, 0.5, 1.0])
def test_tiles_put_together_are_the_weights(pe, simd, kept):
    rng = np.random.default_rng(0)
    weights = (rng.choice([-1, 1], (6, 6)) * (rng.random((6, 6)) < kept)).astype(np.int8)
    plan = schedule(weights, pe, simd)
    together = np.zeros_like(weights)
    for (group, word), tile in zip(plan.tiles, plan.weights, strict=True):
        together[group * pe : (group + 1) * pe, word * simd : (word + 1) * simd] = tile
    assert np.array_equal(together, weights)
    assert len(plan.tiles) + plan.skipped == 36 // (pe * simd)
    assert sum(plan.last) == plan.row_groups
    assert list(plan.tiles) == sorted(set(plan.tiles))


@pytest.mark.parametrize(
    ("pe", "simd", "message"),
    [
        (4, 2, r"^PE count of 'fc1' must divide 6 rows, not 4; divisors are 1, 2, 3, 6$"),
        (0, 2, r"^PE count of 'fc1' must divide 6 rows, not 0; divisors are 1, 2, 3, 6$"),
        (12, 2, r"^PE count of 'fc1' must divide 6 rows, not 12; divisors are 1, 2, 3, 6$"),
        (2, 5, r"^SIMD width of 'fc1' must divide 6 columns, not 5; divisors are 1, 2, 3, 6$"),
        (2, -1, r"^SIMD width of 'fc1' must divide 6 columns, not -1; divisors are 1, 2, 3, 6$"),
    ],
)
def test_refuses(pe, simd, message):
    with pytest.raises(PlanError, match=message):
        schedule(WEIGHTS, pe, simd)
