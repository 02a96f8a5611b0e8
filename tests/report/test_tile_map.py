import re

import numpy as np
import pytest

from threefold.plan import Folding, Schedule
from threefold.report.tile_map import shrunk, tile_densities, tile_map

from ..accelerators import make_layer


def schedule(weights, pe, simd, **more):
    offsets = np.zeros(len(weights), np.int64)
    return Schedule(make_layer(weights, offsets=offsets, **more), Folding(pe, simd))


def crosses(svg):
    """Centres of the crosses in a map, as shares of its width and height."""
    width, height = (
        float(size) - 2 for size in re.search(r'width="(\S+)" height="(\S+)"', svg).groups()
    )
    return [
        ((float(x) - 1) / width, (float(y) - 1) / height)
        for x, y in re.findall(r'<use [^>]*x="([^"]*)" y="([^"]*)"', svg)
    ]


def test_densities():
    weights = [
        [1, -1, 0, 0, 0, 1],
        [1, 1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]
    np.testing.assert_array_equal(
        tile_densities(schedule(weights, 2, 2)),
        [[1, np.nan, 0.25], [0, np.nan, np.nan]],
    )


def test_densities_of_a_kernel_go_from_position_to_position():
    weights = np.zeros((4, 2, 2, 4))
    weights[:2, 0, 1, 2:], weights[2, 1, 0, 0] = 1, -1
    plan = schedule(weights, 2, 2, shape=(5, 5, 4))
    skipped = np.nan
    np.testing.assert_array_equal(
        tile_densities(plan),
        [[skipped] * 3 + [1] + [skipped] * 4, [skipped] * 4 + [0.25] + [skipped] * 3],
    )
    assert len(crosses(tile_map(plan))) == 14


def test_crosses_exactly_the_skipped_tiles(make_plan):
    for schedule in make_plan(4, seed=3).schedules.values():
        groups, words = schedule.row_groups, schedule.words
        marked = {
            (round(y * groups - 0.5, 3), round(x * words - 0.5, 3))
            for x, y in crosses(tile_map(schedule))
        }
        every = {(group, word) for group in range(groups) for word in range(words)}
        assert marked == every - {(group, word) for group, _, _, word in schedule.tiles.tolist()}
        assert len(marked) == schedule.skipped > 0
        np.testing.assert_array_equal(
            {(int(y), int(x)) for y, x in np.argwhere(np.isnan(tile_densities(schedule)))}, marked
        )


def test_nothing_skipped():
    svg = tile_map(schedule(np.ones((4, 6)), 2, 2))
    assert crosses(svg) == []
    assert 'aria-label="0 of 6 tiles of fc1 are skipped"' in svg


def test_tiles_too_small_for_crosses():
    weights = np.zeros((128, 784))
    weights[::2, ::3] = 1
    svg = tile_map(schedule(weights, 1, 1))
    assert crosses(svg) == []
    assert len(svg) < 60_000


def test_more_tiles_than_pixels_stay_small():
    weights = np.ones((256, 3, 3, 256))
    svg = tile_map(schedule(weights, 1, 1, shape=(8, 8, 256)), side=145)
    assert len(svg) < 30_000


def test_what_shares_a_pixel_is_averaged():
    image = np.arange(5 * 6 * 4, dtype=float).reshape(5, 6, 4)
    small = shrunk(image, 2, 3)
    assert small.shape == (2, 3, 4)
    np.testing.assert_array_equal(small[0, 0], image[:2, :2].mean(axis=(0, 1)))
    np.testing.assert_array_equal(small[1, 2], image[2:, 4:].mean(axis=(0, 1)))
    np.testing.assert_array_equal(shrunk(image, 5, 9), image)


@pytest.mark.parametrize("shape", [(1, 1), (1, 4096), (4096, 1), (10, 784)])
def test_size_is_bounded(shape):
    svg = tile_map(schedule(np.ones(shape), 1, 1), side=220)
    width, height = map(float, re.search(r'width="(\S+)" height="(\S+)"', svg).groups())
    assert 40 <= width <= 222
    assert 40 <= height <= 222
