import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.fpga import ECP5, ICE40
from threefold.network import Codes, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import Folding, fold, load_plan, lower, save_plan
from threefold.plan.units import KINDS
from threefold.plan.units.stationary import StationaryUnit
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


@pytest.mark.parametrize("seed", mostly_nightly(range(300), always=range(8)))
def test_mixed_chains(seed):
    """Predicted cycles and golden codes, of chains in which units of several kinds meet."""
    rng = np.random.default_rng(seed)
    network = random_network(rng, CODES[rng.choice(list(CODES))])
    foldings = random_foldings(rng, network)
    layers = {layer.name: layer for layer in lower(network)}
    for name in foldings:
        kind = rng.choice(["stationary", "serial", "unrolled", "engine"])
        if kind != "engine" and KINDS[kind].accepts((layers[name],)):
            foldings[name] = str(kind)
    plan = fold(network, foldings)
    images = random_images(rng, network, plan.cycles.images + 3)
    bench = AcceleratorBench(plan)
    bench.check(images)
    bench.check(images[:4], stalls=0.4, seed=1)


def test_two_cycles_more_than_elements():
    plan = fold(CHAIN, {"fc1": "stationary", "fc2": "stationary"})
    assert [unit.interval for unit in plan.units] == [8, 10]
    assert plan.cycles.interval == 10


def test_its_file(tmp_path):
    foldings = {"fc1": Folding(2, 2), "fc2": "stationary"}
    plan = fold(CHAIN, foldings, memories={"fc2": "block"})
    save_plan(plan, tmp_path / "plan.json")
    assert load_plan(CHAIN, tmp_path / "plan.json") == plan
    assert plan.units[1].decisions() == {"lanes": 4, "memory": "block"}


def test_an_accumulator_is_as_wide_as_its_values():
    matrix = np.array([[1, -1, 0], [0, 0, -1], [0, 0, 0], [1, 0, 1]])
    (layer,) = lower(
        Network.chain(
            "one",
            Tensor((1, 1, 3), Codes.unsigned(2)),
            [("fc1", Dense(matrix)), ("out", Logits([0, 5, -3, 2]))],
        )
    )
    assert StationaryUnit((layer,), 4).row_bits == (3, 4, 3, 5)


def test_resources():
    unit = StationaryUnit((make_layer(np.ones((32, 64)), offsets=np.zeros(32)),), 32)
    assert unit.resources(ICE40).bram == 4
    assert unit.resources(ECP5).bram == 2
    luts = unit.placed({"memory": "lut"})
    assert luts.resources(ECP5).bram == 0
    assert luts.resources(ECP5).lut > unit.resources(ECP5).lut


def test_what_it_does_not_realize():
    kernel = make_layer(np.ones((2, 2, 2, 1)), shape=(4, 4, 1), offsets=np.zeros(2))
    bipolar = make_layer(np.ones((2, 2)), Codes.bipolar(), offsets=np.zeros(2))
    thresholds = np.array([[0], [1]])
    codes = make_layer(np.ones((2, 2)), Codes.bipolar(), thresholds=thresholds)
    accepts = [StationaryUnit.accepts((each,)) for each in (kernel, bipolar, codes)]
    assert accepts == [False, False, True]


def test_wrong_lanes():
    with pytest.raises(PlanError, match=r"^lanes of 'fc1' must divide 8 channels, not 3$"):
        StationaryUnit((lower(CHAIN)[0],), 3)


def test_wrong_memory():
    message = "^memory of 'fc1' must be one of auto, lut, block, not 'spram'$"
    with pytest.raises(PlanError, match=message):
        fold(CHAIN, {"fc1": "stationary", "fc2": "stationary"}, memories={"fc1": "spram"})
