"""Places of the maps of a batch: none is written over before all that read it are done."""

from functools import cache
from itertools import combinations

import numpy as np
import pytest

from ...random_batches import random_batch_plan

SEEDS = pytest.mark.parametrize("seed", range(20))


@cache
def _unit(seed):
    return random_batch_plan(np.random.default_rng([seed, 43]), 1 + seed % 2, 2 + seed % 3).streamed


def _spans(unit):
    """First and last pass on the array in which each map of each image is there, and its places."""
    maps, tiled = unit.contents.maps, unit.contents.tiled
    spans = {}
    for number, each in enumerate(tiled):
        for name in (*each.work.sources, each.work.stream):
            first, _ = spans.get((name, each.work.image), (number, number))
            spans[name, each.work.image] = first, number
    return {
        key: (first, last, range(base, base + maps.array.size(maps.shapes[key[0]])))
        for key, (first, last) in spans.items()
        for base in [maps.base(*key)]
    }


@SEEDS
def test_no_map_is_over_another_that_is_still_read(seed):
    unit = _unit(seed)
    maps, spans = unit.contents.maps, _spans(unit)
    over = {each.stream: set(maps.over(n)) for n, each in enumerate(maps.passes)}
    for (one, first), (other, second) in combinations(spans.items(), 2):
        meet = first[0] <= second[1] and second[0] <= first[1]
        if meet and set(first[2]) & set(second[2]):
            assert one[1] == other[1]
            assert one[0] in over.get(other[0], ()) or other[0] in over.get(one[0], ())


@SEEDS
def test_images_enter_where_nothing_is(seed):
    unit = _unit(seed)
    maps, spans = unit.contents.maps, _spans(unit)
    entered = set(range(maps.entry))
    begins = [spans[maps.source, image][0] for image in range(1, unit.batch)]
    gaps = zip(unit.contents.openings, [*begins, len(unit.contents.tiled)], strict=True)
    for opened, begun in gaps:
        for (name, _), (first, last, places) in spans.items():
            if last > opened and first < begun:
                assert not entered & set(places), name


@SEEDS
def test_maps_lie_in_one_part_each(seed):
    unit = _unit(seed)
    lower, upper = unit.contents.bank_depths
    for _, _, places in _spans(unit).values():
        above = places.start - unit.contents.maps.upper
        assert places.stop <= lower or 0 <= above <= upper - len(places)
