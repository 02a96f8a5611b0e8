"""Cycles of any number of images, from those that the cycle model sees until it repeats itself."""

import numpy as np
import pytest

from threefold.network import Codes
from threefold.plan.cycle_model.cycles import trace
from threefold.plan.cycle_model.runs import run_cycles

from ...accelerators import random_plan


@pytest.mark.parametrize("seed", range(8))
def test_runs_are_as_long_as_if_all_of_their_images_had_been_followed(seed):
    plan = random_plan(np.random.default_rng(seed), Codes.unsigned(3))
    stages = plan.netlist.stages
    left = trace(stages, 60).left.tolist()
    assert [run_cycles(stages, images) for images in range(1, 61)] == left
