import re

import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.plan import Folding, Schedule
from threefold.plan.alignment import tiles_left

from ..accelerators import divisors, make_layer

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
SIGNS = np.where(np.random.default_rng(0).random((6, 6)) < 0.5, -1, 1)
SHAPE = (7, 7, 4)


def schedule(weights, pe, simd, **more):
    return Schedule(make_layer(weights, **more), Folding(pe, simd))


def words_read(plan):
    """Kernel row, pixel and first channel that each entry of the program reads."""
    column, word = np.divmod(plan.program.columns, plan.pitch)
    triples = zip(plan.program.rows, column, word * plan.lanes, strict=True)
    return [tuple(map(int, triple)) for triple in triples]


def test_empty_tiles_are_left_out_but_one_of_an_empty_row_group():
    plan = schedule(WEIGHTS, 2, 2)
    assert (plan.row_groups, plan.words, plan.pitch) == (3, 3, 3)
    assert plan.occupancy.reshape(3, 3).tolist() == [
        [False, True, False],
        [False, False, False],
        [True, False, True],
    ]
    assert plan.tiles.tolist() == [[0, 0, 0, 1], [1, 0, 0, 0], [2, 0, 0, 0], [2, 0, 0, 2]]
    assert plan.program.columns.tolist() == [1, 0, 0, 2]
    assert plan.program.last.tolist() == [True, True, False, True]
    assert plan.weights.tolist() == [
        [[1, 0], [0, -1]],
        [[0, 0], [0, 0]],
        [[1, -1], [0, 0]],
        [[0, 0], [1, 1]],
    ]
    assert (plan.skipped, plan.tiles_in_all) == (5, 9)
    assert plan.program.bits == 2 + 1
    # No tile has a −1 in the first lane of a PE, so that those signs need no memory.
    assert plan.stored.tolist() == [[[True, False], [True, True]], [[True, False], [True, True]]]
    assert plan.row_bits == 6
    assert plan.weight_bits == 4 * (6 + 3)


def test_without_empty_tiles_counters_stand_for_the_list():
    plan = schedule(SIGNS, 2, 3)
    assert plan.tiles[:, [0, 3]].tolist() == [[0, 0], [0, 1], [1, 0], [1, 1], [2, 0], [2, 1]]
    assert plan.program.last.tolist() == [False, True] * 3
    assert plan.program.counted
    assert (plan.skipped, plan.program.bits, plan.row_bits, plan.weight_bits) == (0, 0, 6, 36)


def test_bits_that_are_the_same_in_all_tiles_are_not_stored():
    # Weights without a zero need their signs, and weights of 1 nothing.
    assert (schedule(SIGNS, 1, 1).row_bits, schedule(SIGNS, 1, 1).weight_bits) == (1, 36)
    assert (schedule(DENSE, 1, 1).row_bits, schedule(DENSE, 1, 1).weight_bits) == (0, 0)
    holed = SIGNS.copy()
    holed[0, 4] = 0
    assert schedule(holed, 6, 1).row_bits == 6 + 1


def test_a_single_tile_is_constant():
    plan = schedule(DENSE, 6, 6)
    assert plan.tiles.tolist() == [[0, 0, 0, 0]]
    assert plan.program.last.tolist() == [True]
    assert (plan.skipped, plan.row_bits, plan.weight_bits) == (0, 0, 0)


def test_a_single_tile_that_remains_is_constant():
    weights = np.zeros((2, 6), np.int8)
    weights[1, 4] = 1
    plan = schedule(weights, 2, 2)
    assert plan.tiles.tolist() == [[0, 0, 0, 2]]
    assert (plan.skipped, plan.program.bits, plan.weight_bits) == (2, 0, 0)


def test_a_layer_without_weights_keeps_a_tile_for_each_row_group():
    plan = schedule(0 * WEIGHTS, 2, 3)
    assert plan.tiles.tolist() == [[0, 0, 0, 0], [1, 0, 0, 0], [2, 0, 0, 0]]
    assert plan.program.last.tolist() == [True, True, True]


@pytest.mark.parametrize("pe", [1, 2, 3, 6])
@pytest.mark.parametrize("simd", [1, 2, 3, 6])
@pytest.mark.parametrize("kept", [0.1, 0.5, 1.0])
def test_tiles_put_together_are_the_weights(pe, simd, kept):
    rng = np.random.default_rng(0)
    weights = (rng.choice([-1, 1], (6, 6)) * (rng.random((6, 6)) < kept)).astype(np.int8)
    plan = schedule(weights, pe, simd)
    together = np.zeros_like(weights)
    for (group, _, _, word), tile in zip(plan.tiles, plan.weights, strict=True):
        together[group * pe : (group + 1) * pe, word * simd : (word + 1) * simd] = tile
    assert np.array_equal(together, weights)
    assert len(plan.tiles) + plan.skipped == plan.tiles_in_all == 36 // (pe * simd)
    assert plan.program.results == plan.row_groups
    assert plan.tiles.tolist() == sorted(map(list, set(map(tuple, plan.tiles.tolist()))))


CONVOLUTIONS = [
    (groups, of_group, depth, pe, simd)
    for groups, of_group, depth in ((1, 4, 6), (3, 2, 2), (2, 4, 3), (4, 1, 1), (6, 2, 1))
    for pe in divisors(groups * of_group)
    for simd in divisors(depth)
    if (of_group % pe == 0) or (pe % of_group == 0 and simd == depth)
]


@pytest.mark.parametrize("kept", [0.2, 1.0])
@pytest.mark.parametrize(("groups", "of_group", "depth", "pe", "simd"), CONVOLUTIONS)
def test_the_program_computes_the_convolution(groups, of_group, depth, pe, simd, kept):
    """A window through the list of tiles, as the array adds it up, is what the weights say."""
    rng = np.random.default_rng(0)
    size = (groups * of_group, 3, 2, depth)
    weights = rng.choice([-1, 1], size) * (rng.random(size) < kept)
    plan = schedule(weights, pe, simd, shape=(5, 4, groups * depth), groups=groups)
    spans = plan.folding.spans(plan.layer)
    assert plan.lanes == simd * spans
    window = rng.integers(0, 4, (3, 2, groups * depth))
    totals, sums = [], np.zeros(pe, int)
    reads = zip(words_read(plan), plan.weights, plan.program.last, strict=True)
    for (row, column, channel), tile, last in reads:
        word = window[row, column, channel : channel + plan.lanes].reshape(spans, simd)
        for index in range(pe):
            sums[index] += tile[index] @ word[index * spans // pe]
        if last:
            totals += sums.tolist()
            sums[:] = 0
    expected = [
        int((window[..., row // of_group * depth :][..., :depth] * weights[row]).sum())
        for row in range(groups * of_group)
    ]
    assert totals == expected


def test_tiles_of_a_convolution_are_read_row_by_row():
    plan = schedule(np.ones((2, 2, 2, 4)), 2, 2, shape=SHAPE)
    assert words_read(plan) == [
        *[(0, 0, 0), (0, 0, 2), (0, 1, 0), (0, 1, 2)],
        *[(1, 0, 0), (1, 0, 2), (1, 1, 0), (1, 1, 2)],
    ]
    assert plan.program.counted
    assert (plan.pitch, plan.words) == (2, 98)


def test_a_tile_is_skipped_at_one_position():
    weights = np.ones((2, 3, 3, 4), np.int8)
    weights[:, 1, 2, 2:] = 0
    plan = schedule(weights, 2, 2, shape=SHAPE)
    assert (plan.skipped, len(plan.tiles)) == (1, 17)
    assert (1, 2, 2) not in words_read(plan)
    assert plan.program.bits == 2 + 3 + 1
    assert plan.weight_bits == 17 * 6  # no bit of a weight differs between tiles


def test_a_tile_is_skipped_at_all_positions():
    weights = np.ones((2, 3, 3, 4), np.int8)
    weights[..., 2:] = 0
    plan = schedule(weights, 2, 2, shape=SHAPE)
    assert (plan.skipped, len(plan.tiles)) == (9, 9)
    assert {channel for _, _, channel in words_read(plan)} == {0}
    assert plan.weight_bits == 9 * 6


def test_a_zero_in_a_tile_saves_nothing():
    weights = np.ones((2, 3, 3, 4), np.int8)
    weights[0] = 0
    weights[1, :, :, ::2] = 0
    plan = schedule(weights, 2, 2, shape=SHAPE)
    assert (plan.skipped, len(plan.tiles)) == (0, 18)


def test_depthwise_filters_one_by_one_read_their_channels():
    plan = schedule(np.ones((4, 2, 2, 1)), 1, 1, shape=SHAPE, groups=4)
    assert (plan.lanes, plan.pitch, plan.folding.spans(plan.layer)) == (1, 4, 1)
    assert [channel for _, _, channel in words_read(plan)] == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4
    assert not plan.program.counted


def test_depthwise_filters_at_once_share_a_word():
    plan = schedule(np.ones((4, 2, 2, 1)), 2, 1, shape=SHAPE, groups=4)
    assert (plan.lanes, plan.pitch, plan.folding.spans(plan.layer)) == (2, 2, 2)
    assert words_read(plan)[:5] == [(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 0), (0, 0, 2)]
    whole = schedule(np.ones((4, 2, 2, 1)), 4, 1, shape=SHAPE, groups=4)
    assert (whole.lanes, whole.pitch, whole.folding.spans(whole.layer)) == (4, 1, 4)
    assert whole.program.counted


@pytest.mark.parametrize(("pe", "spans"), [(1, 1), (2, 1), (4, 2), (12, 6)])
def test_spans(pe, spans):
    layer = make_layer(np.ones((12, 1, 1, 2)), shape=(2, 2, 12), groups=6)
    assert Folding(pe, 2).spans(layer) == spans


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


@pytest.mark.parametrize(
    ("groups", "pe", "simd", "message"),
    [
        (1, 5, 4, "PE count of 'conv1' must divide 12 rows, not 5; divisors are 1, 2, 3, 4, 6, 12"),
        (
            1,
            4,
            9,
            "SIMD width of 'conv1' must divide 4 channels or the 12 columns of a kernel row, or be "
            "several kernel rows, not 9; possible are 1, 2, 3, 4, 6, 12, 36",
        ),
        (2, 3, 12, "SIMD width of 'conv1' must divide 4 channels, not 12; divisors are 1, 2, 4"),
        (
            2,
            4,
            2,
            "PE count of 'conv1' must be a divisor or a multiple of the 6 filters of a group, "
            "not 4",
        ),
        (
            3,
            6,
            2,
            "PE count of 'conv1' must be a divisor or a multiple of the 4 filters of a group, "
            "not 6",
        ),
        (
            2,
            12,
            2,
            "12 PEs of 'conv1' take several groups at once, so the SIMD width must be their "
            "4 channels, not 2",
        ),
    ],
)
def test_refuses_of_a_convolution(groups, pe, simd, message):
    shape = (5, 5, 4 * groups)
    layer = make_layer(np.ones((12, 3, 3, 4)), shape=shape, groups=groups, name="conv1")
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        Schedule(layer, Folding(pe, simd))
    assert not Folding(pe, simd).divides(layer)


@pytest.mark.parametrize(
    ("kernel", "padding", "whole", "possible"),
    [
        ((1, 3), (0, 1, 0, 0), "2 channels or the 6 columns of a kernel row", "1, 2, 3, 6"),
        ((3, 1), (2, 0, 0, 0), "2 channels, or be several kernel rows", "1, 2, 6"),
        ((3, 2), (3, 1, 0, 0), "2 channels or the 4 columns of a kernel row", "1, 2, 4"),
        ((3, 2), (0, 2, 0, 0), "2 channels", "1, 2"),
    ],
)
def test_refuses_columns_that_cannot_be_gathered(kernel, padding, whole, possible):
    layer = make_layer(np.ones((4, *kernel, 2)), shape=(5, 5, 2), padding=padding)
    what = "possible" if possible[-1] != "2" else "divisors"
    message = f"SIMD width of 'fc1' must divide {whole}, not 5; {what} are {possible}"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        Folding(2, 5).check(layer)
    for simd in map(int, possible.split(", ")):
        Folding(2, simd).check(layer)


def test_refuses_of_a_single_channel():
    layer = make_layer(np.ones((4, 2, 5, 1)), shape=(5, 5, 1))
    message = (
        "SIMD width of 'fc1' must divide 1 channel or the 5 columns of a kernel row, or be several "
        "kernel rows, not 3; possible are 1, 5, 10"
    )
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        Folding(2, 3).check(layer)


@pytest.mark.parametrize(
    ("simd", "shape", "kernel", "words", "i_lanes"),
    [
        (2, (7, 7, 4), (3, 3), 98, 2),
        (6, (7, 5, 12), (3, 1), 70, 4),
        (12, (7, 5, 12), (3, 1), 35, 4),
        (36, (5, 5, 36), (1, 1), 25, 4),
    ],
)
def test_columns_of_the_kernel_are_channels_of_a_map_of_patches(
    simd, shape, kernel, words, i_lanes
):
    weights = np.random.default_rng(0).integers(-1, 2, (4, 3, 3, 4))
    plan = schedule(weights, 2, simd, shape=SHAPE)
    assert (plan.unfolded.window.shape, plan.unfolded.window.kernel) == (shape, kernel)
    assert (plan.words, plan.i_lanes, plan.lanes) == (words, i_lanes, simd)
    assert plan.tiles_in_all == 2 * 36 // simd
    assert plan.unfolded.accumulator_max == plan.layer.accumulator_max
    assert np.array_equal(plan.unfolded.weights.reshape(4, -1), plan.layer.weights.reshape(4, -1))


@pytest.mark.parametrize("simd", [3, 6, 12, 36])
def test_tiles_of_columns_are_skipped(simd):
    weights = np.ones((4, 36), np.int8)
    weights[:2, 12:24] = 0
    plan = schedule(weights.reshape(4, 3, 3, 4), 2, simd, shape=SHAPE)
    assert plan.skipped == (12 // simd if simd <= 12 else 0)
    assert plan.skipped == plan.tiles_in_all - tiles_left(weights[:, None, None], 2, simd)


@pytest.mark.parametrize("pixels", [0, 6, 2.0, "2"])
def test_refuses_pixels(pixels):
    layer = make_layer(np.ones((4, 3, 3, 4)), shape=SHAPE, thresholds=np.zeros((4, 3), int))
    message = f"pixels of 'fc1' worked on at once must be 1 to 5, not {pixels!r}"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        Folding(2, 2, pixels).check(layer)


def test_logits_leave_pixel_by_pixel():
    layer = make_layer(np.ones((4, 3, 3, 4)), shape=SHAPE, offsets=np.zeros(4, int))
    assert Folding(2, 2).divides(layer)
    assert not Folding(2, 2, 2).divides(layer)


def test_pixels_share_the_tiles():
    layer = make_layer(np.ones((4, 3, 3, 4)), shape=SHAPE, thresholds=np.zeros((4, 3), int))
    one, two = (Schedule(layer, Folding(2, 2, pixels)) for pixels in (1, 2))
    assert (one.cycles, two.cycles) == (36 * 25, 36 * 15)
    assert one.weight_bits == two.weight_bits
    assert (str(one.folding), str(two.folding)) == ("2×2", "2×2×2")
    assert (one.folding.lanes, two.folding.lanes) == (4, 8)


def test_digits_are_tiles_one_after_the_other():
    weights = np.array([[4, 0, 1, 0], [0, 0, -3, 0]], np.int8)
    plan = schedule(weights, 1, 1)
    assert plan.layer.digits == 3
    assert plan.tiles[:, [0, 3]].tolist() == [[0, 0], [0, 0], [0, 2], [1, 2], [1, 2]]
    assert plan.weights.ravel().tolist() == [1, 0, 1, -1, -1]
    assert plan.doubles.tolist() == [False, True, True, False, True]
    assert plan.program.last.tolist() == [False, False, True, False, True]
    assert (plan.tiles_in_all, plan.skipped) == (8 * 3, 8 * 3 - 5)
    assert plan.densities.ravel().tolist() == [1, 0, 1, 0, 0, 0, 1, 0]
    assert plan.row_bits == 2 + 1  # a bit that says whether the accumulator is doubled
    assert plan.finished is plan.layer


def test_all_tiles_of_all_digits_take_counters():
    weights = np.full((4, 6), 7, np.int8)
    weights[:, ::2] = 3  # 8 − 1 would not do for both
    plan = schedule(weights, 2, 2)
    assert len(plan.tiles) == plan.tiles_in_all == 2 * 3 * 3
    assert (plan.program.rounds, plan.program.bits) == (3, 0)


def test_thresholds_follow_the_digits_of_a_folding():
    weights = np.full((1, 8), 7, np.int8)
    plan = schedule(weights, 1, 1, thresholds=np.array([[0, 9, 100]]))
    assert len(plan.tiles) == 8 + 1 + 1 + 8  # 8 − 1
    assert plan.finished.complements.tolist() == [8]
    assert plan.finished.thresholds.tolist() == [[24, 33, 124]]
    assert plan.finished.accumulator_max == 3 * 56 + 3 * 8
