import contextlib
import re
from dataclasses import replace

import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.fpga import Device
from threefold.fpga.ecp5 import ECP5
from threefold.network import Add, Codes, MaxPool, Network, Tensor
from threefold.plan import Folding, aligned, fit, fold, load_plan, refold, save_plan
from threefold.references import Builder, random_images
from threefold.sim import golden

from ..accelerators import engines

CODES = Codes.unsigned(2)
LARGE = Device("large", ECP5, lut=80_000, bram=200)
FOLDINGS = {"conv1": Folding(2, 1), "conv2": Folding(2, 2), "classes": Folding(1, 4)}


def residual(**options):
    builder = Builder("block", Tensor((6, 6, 1), CODES), images=8, **options)
    first = builder.layer("conv1", 4, (3, 3), CODES, padding=(1, 1, 1, 1))
    second = builder.layer("conv2", 4, (3, 3), CODES, padding=(1, 1, 1, 1))
    builder.add("sum", Add(), second, first)
    builder.threshold("codes", CODES)
    builder.add("pool", MaxPool((2, 2), (2, 2)))
    return builder.classifier(3)


PLAN = fold(residual(), FOLDINGS)


def test_what_can_be_chosen():
    assert PLAN.memories() == dict.fromkeys(("conv1", "conv2", "pool", "classes"), "auto")
    assert set(PLAN.forms()) == {"conv1", "conv2", "codes"}


@pytest.mark.parametrize("name", ["conv2", "pool"])
@pytest.mark.parametrize("kind", ["lut", "block", "spram"])
def test_memory(name, kind):
    made = refold(PLAN, memories={name: kind})
    assert made.memories() == PLAN.memories() | {name: kind}
    assert made.forms() == PLAN.forms()
    assert made.foldings() == PLAN.foldings()


@pytest.mark.parametrize("name", ["conv1", "codes"])
@pytest.mark.parametrize("form", ["parallel", "pipelined", "sequential"])
def test_form(name, form):
    made = refold(PLAN, forms={name: form})
    assert made.forms() == PLAN.forms() | {name: form}


def test_lanes_follow_the_form():
    whole = fold(PLAN.network, FOLDINGS | {"conv2": Folding(4, 4)})
    fast = refold(whole, forms={"conv2": "parallel"})
    slow = refold(whole, forms={"conv2": "sequential"})
    assert engines(fast)[1].lanes < engines(slow)[1].lanes


def test_buffers_are_found_again():
    slow = refold(PLAN, forms={"conv1": "parallel", "conv2": "sequential"})
    made = refold(slow, forms={"conv2": "pipelined"})
    assert made.buffers["sum.1"] < slow.buffers["sum.1"]
    shrunk = replace(made, buffers=made.buffers | {"sum.1": made.buffers["sum.1"] - 1})
    with contextlib.suppress(PlanError):  # it may also stop for good
        assert shrunk.cycles.latency > made.cycles.latency


def test_choices_stay_until_changed():
    made = refold(
        replace(PLAN, board="icebreaker"), memories={"pool": "block"}, forms={"codes": "parallel"}
    )
    again = refold(made, memories={"conv1": "lut"}, forms={"conv1": "sequential"})
    assert again.board == "icebreaker"
    assert again.memories() == made.memories() | {"conv1": "lut"}
    assert again.forms() == made.forms() | {"conv1": "sequential"}
    assert refold(PLAN) == PLAN


def test_choices_are_in_the_file(tmp_path):
    made = refold(PLAN, memories={"pool": "block"}, forms={"codes": "sequential"})
    save_plan(made, tmp_path / "plan.json")
    read = load_plan(made.network, tmp_path / "plan.json")
    assert read == made
    assert read.memories()["pool"] == "block"
    assert read.forms()["codes"] == "sequential"


@pytest.mark.parametrize(
    ("memories", "forms", "message"),
    [
        (
            {"sum": "lut"},
            {},
            "no unit with a memory is named 'sum'; there are conv1, conv2, pool, classes",
        ),
        (
            {"pool": "disk"},
            {},
            "memory of 'pool' must be one of auto, lut, block, split, spram, not 'disk'",
        ),
        (
            {},
            {"classes": "parallel"},
            "no unit with a requantizer is named 'classes'; there are conv1, conv2, codes",
        ),
        (
            {},
            {"codes": "slow"},
            "requantizer of 'codes' must be one of parallel, pipelined, sequential, divider, "
            "not 'slow'",
        ),
    ],
)
def test_nonsense(memories, forms, message):
    for make in (
        lambda: fold(PLAN.network, FOLDINGS, memories=memories, forms=forms),
        lambda: fit(PLAN.network, LARGE, memories=memories, forms=forms),
        lambda: refold(PLAN, memories=memories, forms=forms),
    ):
        with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
            make()


def test_no_requantizer():
    builder = Builder("direct", Tensor((1, 1, 4), CODES))
    with pytest.raises(
        PlanError, match=r"^no unit with a requantizer is named 'classes'; there is none$"
    ):
        fit(builder.classifier(3), LARGE, forms={"classes": "parallel"})


def test_progress():
    calls = []
    refold(PLAN, progress=lambda *call: calls.append(call))
    assert calls == [("FIFOs", 0), ("FIFOs", 0.5), ("FIFOs", 1)]
    calls.clear()
    fit(PLAN.network, LARGE, progress=lambda *call: calls.append(call))
    assert [share for what, share in calls if what == "foldings"] == [
        *(pytest.approx(index / 3) for index in range(3)),
        1,
    ]
    assert calls[-1] == ("FIFOs", 1)


def test_aligned_computes_the_same_with_fewer_tiles():
    network = residual(seed=5, density=0.3)
    plan = fold(network, FOLDINGS, memories={"pool": "block"}, forms={"codes": "sequential"})
    made = aligned(replace(plan, board="icebreaker"))
    tiles = [sum(len(engine.schedule.tiles) for engine in engines(p)) for p in (plan, made)]
    assert tiles[1] < tiles[0]
    assert made.foldings() == plan.foldings()
    assert (made.memories(), made.forms()) == (plan.memories(), plan.forms())
    assert made.board == "icebreaker"
    images = random_images(network.input, 20, seed=1)
    np.testing.assert_array_equal(golden.run(made.network, images), golden.run(network, images))
    assert aligned(made) == made


def test_nothing_to_align():
    assert aligned(fold(PLAN.network, dict.fromkeys(FOLDINGS, Folding(1, 1)))).cycles
    network = Network.chain("pools", Tensor((4, 4, 1), CODES), [("pool", MaxPool((2, 2), (2, 2)))])
    with pytest.raises(PlanError, match=r"^'pools' has no weights, so no tiles to align$"):
        aligned(fold(network, {}))


def test_what_is_decided_is_part_of_the_search():
    plan = fit(
        PLAN.network,
        LARGE,
        foldings={"conv2": Folding(1, 2)},
        memories={"conv1": "lut"},
        forms={"codes": "sequential"},
    )
    free = fit(PLAN.network, LARGE)
    assert plan.foldings()["conv2"] == Folding(1, 2) != free.foldings()["conv2"]
    assert plan.memories()["conv1"] == "lut"
    assert plan.forms()["codes"] == "sequential"
    # The others are no faster than the one whose folding is given.
    slowest = plan.schedules["conv2"].cycles
    assert plan.cycles.interval >= slowest
    assert plan.schedules["conv1"].cycles > free.schedules["conv1"].cycles


@pytest.mark.parametrize(
    ("foldings", "message"),
    [
        (
            {"conv2": Folding(3, 1)},
            "PE count of 'conv2' must divide 4 rows, not 3; divisors are 1, 2, 4",
        ),
        (
            {"pool": Folding(1, 1)},
            "'pool' has no folding; layers with one are conv1, conv2, classes",
        ),
    ],
)
def test_foldings_that_cannot_be(foldings, message):
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        fit(PLAN.network, LARGE, foldings=foldings)
