import importlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold import boards
from threefold.errors import PlanError
from threefold.fpga.ice40 import ICE40
from threefold.network import Codes, Dense, Logits, MaxPool, Network, Tensor, Threshold
from threefold.plan import Folding, fit, fold, require_room
from threefold.references import Builder

from ...accelerators import engines
from ...random_networks import random_arrays, random_convolutional

CODES = Codes.unsigned(8)
DEVICE = boards.get("icebreaker").device


def convolutions(filters=16):
    """Thresholds of 8-bit codes take more than one block RAM for each lane and channel."""
    builder = Builder("wide_codes", Tensor((16, 16, 1), CODES), images=8)
    builder.layer("conv1", 8, (5, 5), CODES)
    builder.add("pool", MaxPool((2, 2), (2, 2)))
    builder.layer("conv2", filters, (3, 3), CODES)
    return builder.classifier(10)


NETWORK = convolutions()


def cycles(plan):
    return {unit.name: unit.interval for unit in plan.units}


@pytest.mark.parametrize("interval", [None, 10_000, 30_000, 1_000_000])
def test_requantizers_keep_the_interval_and_not_the_pace_of_arrays(interval):
    plan = fit(NETWORK, DEVICE, interval=interval)
    total = plan.resources(ICE40)
    assert total.bram < DEVICE.bram
    assert total.cells <= DEVICE.family.fill * DEVICE.lut
    assert plan.cycles.interval == plan.bottleneck.interval
    assert interval is None or plan.cycles.interval <= interval


def test_a_longer_interval_takes_cheaper_requantizers():
    fast, slow = fit(NETWORK, DEVICE), fit(NETWORK, DEVICE, interval=30_000)
    assert fast.forms() == {"conv1": "pipelined", "conv2": "sequential"}
    assert slow.forms() == {"conv1": "sequential", "conv2": "sequential"}
    conv1 = engines(slow)[0]
    assert conv1.interval > conv1.pace
    assert slow.resources(ICE40).cells < fast.resources(ICE40).cells


def test_given_foldings_take_the_requantizers_of_their_interval():
    folding = {"conv1": Folding(1, 1), "conv2": Folding(4, 8), "classes": Folding(1, 2)}
    plan = fold(NETWORK, folding)
    assert plan.forms()["conv2"] == "sequential"
    conv2 = engines(plan)[1]
    assert conv2.pace < conv2.interval < plan.cycles.interval
    require_room(plan.resources(ICE40), DEVICE)


def uniform(largest):
    """A network whose thresholds are those of a uniform quantizer, but for an offset a channel."""
    rng = np.random.default_rng(largest)
    starts = rng.integers(-60, 0, (64, 1))
    distances = rng.uniform(0.3, 0.9, (64, 1)) * 255 / largest
    thresholds = np.ceil(starts + distances * np.arange(largest)).astype(int)
    ops = [
        ("fc1", Dense(rng.integers(-1, 2, (64, 32)))),
        ("act1", Threshold(thresholds)),
        ("fc2", Dense(rng.integers(-1, 2, (4, 64)))),
        ("logits", Logits([0] * 4)),
    ]
    return Network.chain("uniform", Tensor((1, 1, 32), CODES), ops)


def test_even_thresholds_are_divided_by_where_that_is_smaller():
    wide, narrow = uniform(255), uniform(1)
    divided = fit(wide, DEVICE, interval=4096)
    searched = fit(
        wide, replace(DEVICE, bram=100), interval=4096, forms={"fc1": "sequential"}
    )  # more than the device has
    assert divided.forms() == {"fc1": "divider"}
    assert divided.resources(ICE40).bram <= searched.resources(ICE40).bram / 4
    assert fit(narrow, DEVICE, interval=4096).forms() != {"fc1": "divider"}


def test_a_divider_of_uneven_thresholds():
    message = (
        "thresholds of 'conv1' are not evenly spaced, as a divider needs; choose parallel, "
        "pipelined or sequential"
    )
    with pytest.raises(PlanError, match=f"^{message}$"):
        fit(NETWORK, DEVICE, forms={"conv1": "divider"})


@given(st.integers(0, 2**32))
def test_requantizers_lengthen_no_interval(seed):
    rng = np.random.default_rng(seed)
    network = random_convolutional(rng)
    foldings = random_arrays(rng, network)
    plan = fold(network, foldings)
    fastest = fold(network, foldings, forms=dict.fromkeys(plan.forms(), "parallel"))
    assert plan.cycles.interval <= fastest.cycles.interval


def test_a_refusal_names_what_the_smallest_plan_takes():
    network = convolutions(filters=32)
    message = (
        "'wide_codes' does not fit iCE40UP5K: it needs about 1,560 logic cells, 3 "
        "single-port RAMs and 41 block RAMs, and a plan takes at most 29 of 30 block RAMs; choose "
        "a bigger board or a smaller network"
    )
    with pytest.raises(PlanError, match=f"^{message}$"):
        fit(network, DEVICE)


def test_slow_requantizers_add_no_plans_to_try(monkeypatch):
    module, tried = importlib.import_module("threefold.plan.search.fit"), []
    plan_of = module.plan_of

    def counted(*args):
        tried.append(args)
        return plan_of(*args)

    monkeypatch.setattr(module, "plan_of", counted)
    fit(NETWORK, DEVICE, foldings={"conv1": Folding(8, 1)})
    assert len(tried) == 1
