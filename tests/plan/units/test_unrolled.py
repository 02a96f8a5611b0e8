import numpy as np
import pytest

from threefold import boards
from threefold.errors import PlanError
from threefold.fpga import FAMILIES
from threefold.network import Codes, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import (
    Folding,
    aligned,
    fit,
    fold,
    load_plan,
    lower,
    refold,
    save_plan,
)
from threefold.plan.units import kind_for, kinds_for
from threefold.plan.units.engine import EngineUnit
from threefold.plan.units.serial import SerialUnit
from threefold.plan.units.stationary import StationaryUnit
from threefold.plan.units.unrolled import UnrolledUnit
from threefold.report import make_report, render_page
from threefold.sim.verification import AcceleratorBench

from ...accelerators import CODES, make_layer, random_foldings, random_images, random_network
from ...nightly import mostly_nightly

CHAIN = Network.chain(
    "chain",
    Tensor((1, 1, 6), Codes.unsigned(3)),
    [
        ("fc1", Dense(np.random.default_rng(0).integers(-1, 2, (8, 6)))),
        ("act1", Threshold([[0, 3, 6]] * 8)),
        ("fc2", Dense(np.random.default_rng(1).integers(-1, 2, (4, 8)))),
        ("out", Logits([1, 2, 3, 4])),
    ],
)


@pytest.fixture
def plan():
    return fold(CHAIN, {"fc1": "unrolled", "fc2": Folding(2, 4)})


def test_it_is_taken_only_where_it_is_asked_for():
    layers = lower(CHAIN)
    assert kind_for(layers[:1]) is EngineUnit
    assert kinds_for(layers[:1]) == [EngineUnit, SerialUnit, StationaryUnit, UnrolledUnit]
    device = boards.get("ulx3s_85f").device
    assert [unit.kind for unit in fit(CHAIN, device).units] == ["engine", "engine"]
    asked = fit(CHAIN, device, foldings={"fc2": "unrolled"})
    assert [unit.kind for unit in asked.units] == ["engine", "unrolled"]


@pytest.mark.parametrize("seed", mostly_nightly(range(300), always=range(8)))
def test_mixed_chains(seed):
    rng = np.random.default_rng(seed)
    network = random_network(rng, CODES[rng.choice(list(CODES))])
    foldings = random_foldings(rng, network)
    foldings |= {name: "unrolled" for name in foldings if rng.random() < 0.7}
    plan = fold(network, foldings)
    images = random_images(rng, network, plan.cycles.images + 3)
    bench = AcceleratorBench(plan)
    bench.check(images)
    bench.check(images[:4], stalls=0.4, seed=1)


def test_a_vector_a_cycle():
    plan = fold(CHAIN, {"fc1": "unrolled", "fc2": "unrolled"})
    latency = sum(unit.latency for unit in plan.units)
    assert (plan.cycles.interval, plan.cycles.latency) == (1, latency)


def test_its_file(plan, tmp_path):
    save_plan(plan, tmp_path / "plan.json")
    assert load_plan(CHAIN, tmp_path / "plan.json") == plan
    assert plan.units[0].decisions() == {"levels": 1, "rounds": 1000}


def test_a_changed_plan_keeps_it(plan):
    changed = refold(plan, memories={"fc2": "lut"})
    assert [unit.kind for unit in changed.units] == ["unrolled", "engine"]
    assert [unit.kind for unit in aligned(plan).units] == ["unrolled", "engine"]


def test_the_report_tells_of_it(plan):
    report = make_report(plan)
    step = report["steps"][0]
    assert (step["name"], step["unit"], step["description"]) == ("fc1", "unrolled", "dense")
    assert "fc1" in render_page(report, plan)


@pytest.mark.parametrize("family", FAMILIES.values())
def test_resources(family):
    rng = np.random.default_rng(0)
    more, fewer = (
        UnrolledUnit((make_layer(rng.integers(-1, 2, (rows, 16)), offsets=np.zeros(rows)),))
        for rows in (16, 4)
    )
    assert more.resources(family).lut > 2 * fewer.resources(family).lut > 0


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"levels": 0},
            "adders between registers of 'fc1' must be at least 1, not 0",
        ),
        (
            {"rounds": -1},
            "rounds of the search for 'fc1' must be at least 0, not -1",
        ),
    ],
)
def test_wrong_parameters(parameters, message):
    with pytest.raises(PlanError, match=f"^{message}$"):
        UnrolledUnit((lower(CHAIN)[0],), **parameters)


def test_what_it_does_not_realize():
    kernel = make_layer(np.ones((2, 2, 2, 1)), shape=(4, 4, 1), offsets=np.zeros(2))
    strided = make_layer(np.ones((2, 1, 1, 1)), shape=(4, 4, 1), stride=(2, 2), offsets=np.zeros(2))
    pointwise = make_layer(np.ones((2, 1, 1, 1)), shape=(4, 4, 1), offsets=np.zeros(2))
    assert [UnrolledUnit.accepts((each,)) for each in (kernel, strided, pointwise)] == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("foldings", "message"),
    [
        (
            {"fc1": "unrolled", "fc2": "pool"},
            "no unit of kind 'pool' realizes 'fc2'; "
            "kinds that do are engine, serial, stationary, unrolled",
        ),
        ({"fc1": "odd", "fc2": Folding(1, 1)}, "no unit is of kind 'odd'; kinds are .*"),
        ({"fc0": "unrolled"}, "no layer is named 'fc0'; layers are fc1, fc2"),
    ],
)
def test_wrong_foldings(foldings, message):
    with pytest.raises(PlanError, match=f"^{message}$"):
        fold(CHAIN, foldings)


def test_it_has_neither_memory_nor_form():
    message = "^no unit with a requantizer is named 'fc1'; there is none$"
    with pytest.raises(PlanError, match=message):
        fold(CHAIN, {"fc1": "unrolled", "fc2": "unrolled"}, forms={"fc1": "parallel"})
