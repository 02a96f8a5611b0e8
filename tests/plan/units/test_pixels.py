"""Engines that work on several output pixels at once."""

import numpy as np
import pytest

from threefold.network import Codes, Conv, Network, Tensor, Threshold
from threefold.plan import Plan, lower
from threefold.plan.units.engine import EngineUnit


def network(size):
    rng = np.random.default_rng(0)
    conv = Conv(rng.choice([-1, 1], (8, size, size, 4)), padding=(size // 2,) * 4)
    thresholds = Threshold(np.sort(rng.integers(-20, 20, (8, 3)), axis=1))
    source = Tensor((4, 8, 4), Codes.unsigned(2))
    return Network.chain("one", source, [("conv1", conv), ("act1", thresholds)])


@pytest.mark.parametrize(
    ("size", "decisions", "interval"),
    [
        (3, {"pe": 2, "simd": 4, "pixels": 2}, 576),  # tiles: 4 row groups × 9 × 4 rows × 4 steps
        (3, {"pe": 2, "simd": 4, "pixels": 3, "lanes": 2}, 432),  # the last step has 2 pixels
        (3, {"pe": 8, "simd": 4, "pixels": 4, "lanes": 8}, 72),
        (1, {"pe": 8, "simd": 4, "pixels": 4, "lanes": 8}, 32),  # words in, and beats out
        (1, {"pe": 8, "simd": 4, "pixels": 4}, 256),  # beats out
        (1, {"pe": 4, "simd": 2, "pixels": 8, "lanes": 4}, 68),  # beats out in order, and a cycle
        (1, {"pe": 2, "simd": 4, "pixels": 3, "lanes": 2}, 156),  # those of the 9th pixel as well
        (3, {"pe": 8, "simd": 4, "pixels": 8, "lanes": 2, "form": "sequential"}, 768),
    ],
)
def test_interval_is_what_the_slowest_part_takes(size, decisions, interval):
    one = network(size)
    unit = EngineUnit(tuple(lower(one)), **decisions)
    assert unit.interval == Plan(one, (unit,), {}).cycles.interval == interval
