from dataclasses import replace

import numpy as np
import pytest

from threefold.fpga import FAMILIES
from threefold.fpga.ecp5 import ECP5

from ..accelerators import engines
from ..random_networks import random_convolutional_plan


@pytest.mark.parametrize("family", FAMILIES.values())
def test_buffers_are_in_the_memory_they_are_told(family):
    plan = engines(random_convolutional_plan(np.random.default_rng(0)))[0]
    small = replace(plan, memory="lut", depth=64)
    block = replace(plan, memory="block", depth=64)
    lut, bram = small.resources(family), block.resources(family)
    assert bram.bram - lut.bram == family.block_rams(plan.word_bits, 64)
    assert lut.lut > bram.lut


def test_buffers_before_joins_are_counted():
    plans = (random_convolutional_plan(np.random.default_rng(seed)) for seed in range(100))
    plan = next(plan for plan in plans if any(plan.buffers.values()))
    without = replace(plan, buffers={})
    assert plan.resources(ECP5).lut > without.resources(ECP5).lut
