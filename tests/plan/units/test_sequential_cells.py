"""Estimate of an array for layers in turn: memories of maps in parts."""

from dataclasses import replace

import pytest

from threefold.fpga import Resources
from threefold.plan import lower
from threefold.plan.sequential import Feed
from threefold.plan.units.sequential import SequentialUnit
from threefold.plan.units.streamed import StreamedUnit

from ...loadable_networks import network
from ...split_family import SPLIT

LAYERS = lower(network(3))
WHOLE = replace(SPLIT, split_worth=0)


def streamed(**more):
    return StreamedUnit(LAYERS, 2, 2, feed=Feed(16).to_dict(), **more).made_loadable()


@pytest.mark.parametrize("pixels", [1, 3])
def test_banks_of_an_array_may_be_in_parts(pixels):
    unit = streamed(pixels=pixels, memory="split")
    width, saved = unit.contents.bits * unit.simd, 0
    expected = unit.resources(WHOLE)
    for depth in unit.contents.bank_depths:
        whole, parts = SPLIT.buffer(width, depth), SPLIT.parts(width, depth)
        split = SPLIT.split_buffer(width, parts)
        saved += whole.bram - split.bram
        change = Resources(split.lut - whole.lut, split.bram - whole.bram, split.ff - whole.ff)
        for _ in range(pixels):
            expected += change
    assert saved > 0
    found = unit.resources(SPLIT)
    assert (found.bram, found.cells) == (expected.bram, pytest.approx(expected.cells))


@pytest.mark.parametrize("memory", ["auto", "block", "lut"])
def test_others_are_in_one_part(memory):
    loadable = SequentialUnit(LAYERS, 2, 2, memory=memory).made_loadable()
    for unit in (streamed(memory=memory), loadable, SequentialUnit(LAYERS, 2, 2, memory=memory)):
        assert unit.resources(SPLIT) == unit.resources(WHOLE)
