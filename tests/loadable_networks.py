"""Small networks that one array takes in turn, and plans in which it is loadable."""

import numpy as np

from threefold.network import Codes, Conv, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import Plan, lower
from threefold.plan.search.fold import plan_of
from threefold.plan.units import Unit
from threefold.plan.units.engine import EngineUnit
from threefold.plan.units.sequential import SequentialUnit

__all__ = ["loadable_plan", "network"]

CODES = Codes.unsigned(2)


def network(seed: int, *, depth: int = 2, filters: int = 4, tail: int = 0) -> Network:
    """Convolutions in turn, and a classifier that is the same for a ``tail``."""
    rng, ops, channels = np.random.default_rng(seed), [], 2
    for number in range(1, depth + 1):
        count = 4 if number == depth else filters
        weights = rng.integers(-1, 2, (count, 3, 3, channels))
        ops.append((f"conv{number}", Conv(weights, padding=(1, 1, 1, 1))))
        thresholds = np.sort(rng.integers(-6, 7, (count, 3)), axis=1)
        ops.append((f"act{number}", Threshold(thresholds)))
        channels = count
    weights = np.random.default_rng(tail).integers(-1, 2, (3, 36))
    ops += [("dense", Dense(weights, (3, 3, 4))), ("logits", Logits([0, 1, -1]))]
    return Network.chain(f"net{seed}", Tensor((3, 3, 2), CODES), ops)


def loadable_plan(*networks: Network, store: str = "block", **array) -> Plan:
    """A plan of the first network, whose array has room for all, in front of an engine."""
    runs = [lower(each)[:-1] for each in networks]
    sizes = {"pe": 2, "simd": 2} | array
    unit = SequentialUnit(runs[0], **sizes).made_loadable(*runs[1:], store=store)
    tail: Unit = EngineUnit(lower(networks[0])[-1:], 1, 2)
    return plan_of(networks[0], (unit, tail))
