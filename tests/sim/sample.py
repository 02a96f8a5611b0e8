"""Network, plan and images of the tests of simulations."""

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from threefold.network import ArgMax, Codes, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import Folding, fold

icarus = pytest.mark.skipif(not shutil.which("iverilog"), reason="Icarus is not installed")

IMAGES = np.random.default_rng(1).integers(0, 4, (40, 1, 1, 8))


def make_plan(*ending):
    rng = np.random.default_rng(0)
    ops = [
        ("fc1", Dense(rng.integers(-1, 2, (6, 8)))),
        ("act1", Threshold(np.sort(rng.integers(-6, 6, (6, 3)), axis=1))),
        ("fc2", Dense(rng.integers(-1, 2, (4, 6)))),
        ("logits", Logits(rng.integers(-5, 5, 4))),
    ]
    network = Network.chain("sample", Tensor((1, 1, 8), Codes.unsigned(2)), [*ops, *ending])
    plan = fold(network, {"fc1": Folding(2, 4), "fc2": Folding(2, 3)})
    # The other forms hold their thresholds in an order of their own.
    first, *others = plan.units
    return replace(plan, units=(replace(first, form="pipelined"), *others))


PLAN = make_plan(("argmax", ArgMax()))


def edited(verilog, pattern, replacement):
    changed, count = re.subn(pattern, replacement, verilog, count=1)
    assert count == 1
    return changed
