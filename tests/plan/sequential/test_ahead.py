"""Places of maps where the next image enters while passes are under way."""

from functools import cache
from itertools import combinations

import numpy as np
import pytest

from threefold.plan import lower
from threefold.plan.sequential import Feed, Maps
from threefold.plan.units.streamed import StreamedUnit

from ...loadable_networks import network
from ...random_networks import random_mixture
from ...random_residuals import random_residuals_plan

SEEDS = pytest.mark.parametrize("seed", range(40))


@cache
def _contents(seed):
    rng = np.random.default_rng([seed, 16])
    made = random_residuals_plan(rng) if seed % 2 else random_mixture(rng, feeds=True)
    return made.streamed.contents


def _live(maps, place):
    """Maps that are there in a pass, from its beginning to its end."""
    written = {maps.source: -1} | {each.stream: n for n, each in enumerate(maps.passes)}
    return [name for name in maps.bases if written[name] <= place <= maps.last[name]]


def _span(maps, name):
    base = maps.bases[name]
    return range(base, base + maps.array.size(maps.shapes[name]))


@SEEDS
def test_no_map_is_over_another_that_is_still_read(seed):
    maps = _contents(seed).maps
    for place, each in enumerate(maps.passes):
        for one, other in combinations(_live(maps, place), 2):
            if set(_span(maps, one)) & set(_span(maps, other)):
                (over,) = {one, other} - {each.stream}
                assert over in maps.over(place)


@SEEDS
def test_the_next_image_enters_where_nothing_is(seed):
    maps = _contents(seed).maps
    entered = set(_span(maps, maps.source))
    assert entered == set(range(maps.entry))
    if maps.opens is None:
        assert maps.passes[-1].added
        return
    assert maps.last[maps.source] <= maps.opens
    for place in range(maps.opens + 1, len(maps.passes) + 1):
        for name in _live(maps, place):
            assert not entered & set(_span(maps, name))


def test_kinds_of_maps_are_among_them():
    found = [_contents(seed).maps for seed in range(40)]
    assert any(maps.opens is None for maps in found)
    assert any(each.added == maps.source for maps in found for each in maps.passes)
    assert any(
        each.elementwise and maps.over(n) for maps in found for n, each in enumerate(maps.passes)
    )


@SEEDS
def test_maps_lie_in_one_part_each(seed):
    maps = _contents(seed).maps
    lower_part, upper_part = _contents(seed).bank_depths
    assert lower_part == maps.entry
    for name in maps.bases:
        span = _span(maps, name)
        low = span.stop <= lower_part
        assert low or (span.start >= maps.upper and span.stop <= maps.upper + upper_part)


def test_both_parts_hold_no_more_than_one_memory_and_the_map_that_enters():
    net = network(3)
    unit = StreamedUnit(lower(net), 2, 2, feed=Feed(16).to_dict())
    maps = unit.contents.maps
    together = Maps(maps.array, maps.source, maps.shape, maps.passes)
    assert sum(unit.contents.bank_depths) <= together.depth + maps.entry
