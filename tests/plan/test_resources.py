from dataclasses import replace

import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.plan import Resources, estimate
from threefold.plan.area import block_rams, prefers_block, rom_luts

from ..random_networks import random_convolutional_plan


@pytest.mark.parametrize(
    ("width", "depth", "ice40", "ecp5"),
    [
        (16, 256, 1, 1),
        (17, 256, 2, 1),
        (16, 257, 2, 1),
        (8, 512, 1, 1),
        (4, 1024, 1, 1),
        (2, 2048, 1, 1),
        (1, 2048, 1, 1),
        (2, 2049, 2, 1),
        (36, 512, 5, 1),
        (37, 512, 5, 2),
        (18, 1024, 5, 1),
        (1, 16384, 8, 1),
        (128, 64, 8, 4),
        (1, 1, 1, 1),
    ],
)
def test_block_rams(width, depth, ice40, ecp5):
    assert block_rams(width, depth, "ice40") == ice40
    assert block_rams(width, depth, "ecp5") == ecp5


def test_unknown_family():
    for function in (block_rams, prefers_block):
        with pytest.raises(PlanError, match=r"^families are ice40 and ecp5, not 'nexus'$"):
            function(8, 8, "nexus")


@pytest.mark.parametrize(
    ("width", "depth", "ice40", "ecp5"),
    [
        (8, 16, False, False),
        (16, 16, False, False),
        (16, 64, True, False),
        (128, 64, True, False),
        (12, 128, True, False),
        (12, 512, True, True),
        (128, 144, True, True),
    ],
)
def test_kind_of_a_memory(width, depth, ice40, ecp5):
    assert prefers_block(width, depth) is prefers_block(width, depth, "ice40") is ice40
    assert prefers_block(width, depth, "ecp5") is ecp5


def test_sum():
    total = Resources(10, 1, 3) + Resources(2.5, 2)
    assert total == Resources(12.5, 3, 3)
    assert total.cells == 15.5


@pytest.mark.parametrize(
    ("width", "depth", "ice40", "ecp5"),
    [
        (16, 1, 0, 0),
        (160, 2, 2, 2),
        (160, 4, 14, 14),
        (16, 8, 16, 16),
        (16, 16, 16, 16),
        (16, 32, 67.2, 32),
        (16, 33, 69.6, 64),
        (4, 64, 36, 16),
        (16, 128, 297.6, 128),
    ],
)
def test_luts_of_a_read_only_memory(width, depth, ice40, ecp5):
    assert rom_luts(width, depth, "ice40") == pytest.approx(ice40)
    assert rom_luts(width, depth, "ecp5") == pytest.approx(ecp5)


@pytest.mark.parametrize("family", ["ice40", "ecp5"])
def test_buffers_are_in_the_memory_they_are_told(family):
    plan = random_convolutional_plan(np.random.default_rng(0)).engines[0]
    small = replace(plan, memory="lut", depth=64)
    block = replace(plan, memory="block", depth=64)
    lut, bram = estimate([small], family), estimate([block], family)
    assert bram.bram - lut.bram == block_rams(plan.word_bits, 64, family)
    assert lut.lut > bram.lut


def test_buffers_before_joins_are_counted():
    plans = (random_convolutional_plan(np.random.default_rng(seed)) for seed in range(100))
    plan = next(plan for plan in plans if any(plan.buffers.values()))
    assert estimate(plan.steps, "ecp5", plan.buffers).lut > estimate(plan.steps, "ecp5").lut
