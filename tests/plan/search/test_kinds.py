import numpy as np
import pytest

from threefold import boards
from threefold.errors import PlanError
from threefold.network import Codes, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import Folding, fit
from threefold.plan.search.pareto import worth
from threefold.plan.units.serial import SerialUnit
from threefold.plan.units.unrolled import UnrolledUnit
from threefold.sim.verification import AcceleratorBench

from ...accelerators import make_layer, random_images

DEVICE = boards.get("ulx3s_85f").device
KINDS = ("unrolled", "serial", "stationary")
RNG = np.random.default_rng(0)
NETWORK = Network.chain(
    "chain",
    Tensor((1, 1, 16), Codes.unsigned(4)),
    [
        ("fc1", Dense(RNG.choice([-1, 0, 0, 1], (32, 16)))),
        ("act1", Threshold([[4 * n for n in range(1, 16)]] * 32)),
        ("fc2", Dense(RNG.choice([-1, 0, 0, 1], (5, 32)))),
        ("out", Logits(RNG.integers(-9, 9, 5))),
    ],
)


def kinds_of(plan):
    return [unit.kind for unit in plan.units]


def test_none_is_tried_unasked():
    assert kinds_of(fit(NETWORK, DEVICE, interval=11)) == ["engine", "engine"]


@pytest.mark.parametrize("interval", [1, 8, 11, 32, 64])
def test_never_more_than_engines_alone(interval):
    """What is behind an engine and between units is settled later; whole plans are compared."""
    alone, among = (fit(NETWORK, DEVICE, interval=interval, kinds=each) for each in ((), KINDS))
    family = DEVICE.family
    assert among.cycles.interval <= interval
    assert worth(among.resources(family), DEVICE) <= worth(alone.resources(family), DEVICE)


def test_each_where_it_is_less():
    assert kinds_of(fit(NETWORK, DEVICE, interval=1, kinds=KINDS)) == ["unrolled", "unrolled"]
    assert kinds_of(fit(NETWORK, DEVICE, interval=11, kinds=KINDS)) == ["serial", "serial"]
    mixed = fit(NETWORK, DEVICE, interval=34, kinds=KINDS)
    assert kinds_of(mixed) == ["engine", "stationary"]
    images = random_images(np.random.default_rng(1), NETWORK, mixed.cycles.images + 3)
    AcceleratorBench(mixed).check(images)


def test_a_folding_that_is_given_stays():
    plan = fit(NETWORK, DEVICE, interval=5, kinds=KINDS, foldings={"fc1": Folding(32, 4)})
    assert kinds_of(plan) == ["engine", "unrolled"]
    assert plan.units[0].folding == Folding(32, 4)


@pytest.mark.parametrize("kind", [UnrolledUnit, SerialUnit])
def test_large_graphs_are_built_only_where_they_are_asked_for(kind):
    layer = make_layer(np.ones((65, 64)), offsets=np.zeros(65, int))
    assert not list(kind.candidates((layer,), {}))
    assert list(kind.candidates((layer,), {"kind": kind.kind}))


def test_an_unknown_kind():
    with pytest.raises(PlanError, match=r"^no unit is of kind 'folded'; kinds are .*engine.*$"):
        fit(NETWORK, DEVICE, kinds=("folded",))
