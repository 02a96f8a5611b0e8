"""Whole networks on one array: bits, cycles and stalls."""

import re

import numpy as np
import pytest

from threefold import references
from threefold.errors import PlanError
from threefold.network import (
    ArgMax,
    Codes,
    Conv,
    Dense,
    Logits,
    Network,
    SumPool,
    Tensor,
    Threshold,
)
from threefold.plan import lower
from threefold.plan.cycle_model.cycles import replay, trace
from threefold.plan.image import covering, reloaded
from threefold.plan.search.fold import plan_of
from threefold.plan.units.argmax import ArgMaxUnit
from threefold.plan.units.sequential import SequentialUnit
from threefold.sim import golden
from threefold.sim.verification import AcceleratorBench

from ...accelerators import random_images
from ...nightly import mostly_nightly

RESNET = references.resnet20(input=(4, 4, 3), filters=(2, 4, 8), images=64)
BYTES = Codes.signed(8)
RNG = np.random.default_rng(7)


def ternary(*shape):
    return RNG.integers(-1, 2, shape)


def thresholds(channels, codes=3, reach=20):
    return Threshold(np.sort(RNG.integers(-reach, reach, (channels, 2**codes - 1)), axis=1))


def mean(*ending, padding=(1, 0, 1, 2), input=BYTES):
    """A padded layer over a wide input, a mean of it, and what reads the mean."""
    ops = [
        Conv(ternary(6, 3, 3, 3), padding=padding),
        thresholds(6, reach=600),
        SumPool((5, 6), (1, 1)),
        *ending,
    ]
    named = [(f"n{index}", op) for index, op in enumerate(ops)]
    return Network.chain("mean", Tensor((5, 6, 3), input), named)


NETWORKS = {
    "resnet": RESNET,
    "codes": mean(Conv(ternary(10, 1, 1, 6)), thresholds(10)),
    "layers": mean(
        Conv(ternary(10, 1, 1, 6)), thresholds(10), Dense(ternary(4, 10)), Logits([1, -2, 30, 0])
    ),
    "classes": mean(Dense(RNG.integers(-7, 8, (10, 6)), bits=4), Logits(np.arange(10)), ArgMax()),
    "offset": mean(Dense(ternary(3, 6)), Logits([5, -100, 0]), input=Codes(255, step=3, offset=-6)),
}


OTHER = {
    "layers": mean(
        Conv(ternary(9, 1, 1, 6)), thresholds(9), Dense(ternary(4, 9)), Logits([9, -2, -30, 0])
    ),
    "classes": mean(Dense(RNG.integers(-7, 8, (10, 6)), bits=4), Logits(-np.arange(10)), ArgMax()),
    "codes": NETWORKS["codes"],
}


def unit_of(network, **more):
    layers = lower(network)
    if layers[-1].op != "argmax":
        return (SequentialUnit(layers, **more),)
    return SequentialUnit(layers[:-1], **more), ArgMaxUnit(layers[-1:])


ARRAYS = [
    {"pe": 4, "simd": 4, "pixels": 4},
    {"pe": 8, "simd": 4, "pixels": 2, "lanes": 4},
    {"pe": 3, "simd": 3, "lanes": 3, "form": "sequential"},
    {"pe": 4, "simd": 2, "pixels": 2},  # a pixel that enters takes two words for each part
    {"pe": 4, "simd": 4, "pixels": 4, "memory": "spram"},
    {"pe": 4, "simd": 2, "pixels": 3, "memory": "spram", "lanes": 2},
]
CASES = [(name, place) for name in NETWORKS for place in range(len(ARRAYS))]
SOME = [
    (name, place)
    for number, name in enumerate(NETWORKS)
    for place in range(number % 3, len(ARRAYS), 3)
]


@pytest.mark.parametrize(
    ("name", "place"),
    mostly_nightly(CASES, always=SOME),
)
def test_whole_networks_equal_golden_and_prediction(name, place):
    network = NETWORKS[name]
    plan = plan_of(network, unit_of(network, **ARRAYS[place]))
    assert plan.units[0].parts > 1
    rng = np.random.default_rng(place)
    count = 2
    images = random_images(rng, network, count)
    expected = golden.run(network, images).reshape(count, -1)
    bench = AcceleratorBench(plan)
    run = bench.run(images)
    assert np.array_equal(run.outputs, expected)
    assert run.left == trace(plan.netlist.stages, count).left.tolist()
    assert np.diff(run.left).tolist() == [plan.units[0].interval]
    if name != "resnet":
        stalled = bench.run(images, stalls=0.4, seed=place)
        assert np.array_equal(stalled.outputs, expected)
        traffic = stalled.traffic
        passed = replay(plan.netlist.stages, traffic.offered, traffic.accepted)
        assert passed == (traffic.entered, traffic.left)


@pytest.mark.parametrize(
    ("name", "place"),
    mostly_nightly(
        [(name, place) for name in OTHER for place in (0, 1, 4, 5)],
        always=[("layers", 4), ("codes", 1)],
    ),
)
def test_contents_from_outside(name, place):
    networks = NETWORKS[name], OTHER[name]
    first, second = (unit_of(network, **ARRAYS[place]) for network in networks)
    unit = first[0].made_loadable(second[0].layers)
    plan = plan_of(networks[0], (unit, *first[1:]))
    for network in networks:
        made = reloaded(plan, network)
        images = random_images(np.random.default_rng(place), network, 2)
        run = AcceleratorBench(made, hardware=plan).run(images)
        assert np.array_equal(run.outputs, golden.run(network, images).reshape(2, -1))
        assert run.left == trace(made.netlist.stages, 2).left.tolist()


def reading(count):
    """Classes of some of the channels of a mean."""
    weights = np.zeros((4, 6), int)
    weights[:, :count] = np.random.default_rng(count).integers(-1, 2, (4, count))
    return mean(Dense(weights), Logits([0, 1, -1, 2]), ArgMax())


def test_logits_may_be_narrower_than_those_of_the_hardware():
    networks = wide, narrow = reading(6), reading(2)
    logits = [each.types[each.nodes[-2].name].element.bits for each in networks]
    assert logits == [11, 10]
    plans = []
    for each in networks:
        unit, *others = unit_of(each, **ARRAYS[0])
        plans.append(plan_of(each, (unit.made_loadable(), *others)))
    hardware = covering(plans[0], [narrow])
    made = reloaded(hardware, narrow)
    images = random_images(np.random.default_rng(1), narrow, 6)
    assert len(set(golden.run(narrow, images).ravel().tolist())) > 1
    AcceleratorBench(made, hardware=hardware).check(images)
    message = (
        f"{wide.name!r} cannot be loaded: maps of 1×1×4 leave it, 1 at once with 11 signed bits, "
        "and in the hardware maps of 1×1×4 leave it, 1 at once with 10 signed bits"
    )
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        covering(plans[1], [wide])
