"""Several widths of a network in one array, image by image."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from threefold.errors import MismatchError
from threefold.hw.accelerator import Accelerator
from threefold.hw.verilog import to_verilog
from threefold.network import (
    INPUT,
    Add,
    Codes,
    Conv,
    Dense,
    Logits,
    MaxPool,
    Network,
    Node,
    PadChannels,
    SumPool,
    Tensor,
    Threshold,
    Width,
)
from threefold.plan import Folding, fold, lower
from threefold.plan.cycle_model.cycles import replay, trace
from threefold.plan.search.fold import plan_of
from threefold.plan.units.engine import EngineUnit
from threefold.plan.units.sequential import SequentialUnit
from threefold.sim import golden
from threefold.sim.simulate import simulate
from threefold.sim.verification import AcceleratorBench

from ...accelerators import random_images
from ...nightly import mostly_nightly
from ...sim.sample import icarus
from ..test_widths import BOTH

RNG = np.random.default_rng(5)
SAME = (1, 1, 1, 1)
NAMES = ("half", "third")


def ternary(*shape):
    return RNG.integers(-1, 2, shape)


def thresholds(channels, codes):
    values = np.sort(RNG.integers(-12, 13, (channels, codes.max_code)), axis=1)
    return Threshold(values, codes.step, codes.offset)


def residual(codes, input):
    """A small residual network of three widths, with more channels halfway."""
    nodes = [
        Node("conv1", Conv(ternary(6, 3, 3, 3), padding=SAME), (INPUT,)),
        Node("act1", thresholds(6, codes), ("conv1",)),
        Node("conv2", Conv(ternary(6, 3, 3, 6), padding=SAME), ("act1",)),
        Node("act2", thresholds(6, codes), ("conv2",)),
        Node("sum1", Add(), ("act1", "act2")),
        Node("act3", thresholds(6, codes), ("sum1",)),
        Node("conv3", Conv(ternary(10, 3, 3, 6), (2, 2), SAME), ("act3",)),
        Node("act4", thresholds(10, codes), ("conv3",)),
        Node("rest", MaxPool((1, 1), (2, 2)), ("act3",)),
        Node("pad", PadChannels(2, 2), ("rest",)),
        Node("sum2", Add(), ("pad", "act4")),
        Node("act5", thresholds(10, codes), ("sum2",)),
        Node("mean", SumPool((2, 3), (1, 1)), ("act5",)),
        Node("fc", Dense(ternary(4, 10)), ("mean",)),
        Node("logits", Logits([3, -2, 30, 0]), ("fc",)),
    ]

    def width(first, second, before):
        shared = {name: thresholds(first, codes) for name in ("act1", "act2", "act3")}
        own = {name: thresholds(second, codes) for name in ("act4", "act5")}
        pad = {"pad": PadChannels(before, second - first - before)}
        logits = {"logits": Logits(RNG.integers(-9, 9, 4))}
        return Width({"conv1": first, "conv2": first, "conv3": second}, shared | own | pad | logits)

    widths = {"half": width(3, 5, 1), "third": width(2, 4, 0)}
    return Network("residual", Tensor((4, 6, 3), input), nodes, {}, widths)


NETWORKS = {
    "bytes": residual(Codes.unsigned(2), Codes.signed(8)),
    "signed": residual(Codes(3, offset=-1), Codes.unsigned(2)),
}
ARRAYS = [
    {"pe": 4, "simd": 4, "pixels": 2, "lanes": 4},
    {"pe": 4, "simd": 2, "lanes": 2, "form": "sequential"},
    {"pe": 3, "simd": 3, "pixels": 2},
    {"pe": 4, "simd": 4, "pixels": 3, "memory": "spram"},
    {"pe": 6, "simd": 2, "memory": "spram", "lanes": 2},
]


def plan_of_array(network, array, widths=NAMES):
    unit = SequentialUnit(lower(network, widths), **array)
    return plan_of(network, (unit,), widths=widths)


@pytest.mark.parametrize(
    ("name", "place"),
    mostly_nightly(
        product(NETWORKS, range(len(ARRAYS))),
        always=[("bytes", 0), ("signed", 4)],
    ),
)
def test_every_image_is_computed_at_its_width_in_the_cycles_predicted(name, place):
    rng, plan = np.random.default_rng(place), plan_of_array(NETWORKS[name], ARRAYS[place])
    networks = [plan.network, *map(plan.network.at, NAMES)]
    images = random_images(rng, plan.network, 7)
    bench = AcceleratorBench(plan)
    for stalls in (0, 0.4):
        widths = rng.permutation([0, 1, 2, *rng.integers(0, 3, 4)]).tolist()
        run = bench.run(images, stalls=stalls, widths=widths, seed=place)
        expected = [
            golden.run(networks[width], image[None]).ravel().tolist()
            for width, image in zip(widths, images, strict=True)
        ]
        assert run.outputs.tolist() == expected
        traffic = run.traffic
        passed = replay(plan.netlist.stages, traffic.offered, traffic.accepted, widths)
        assert passed == (traffic.entered, traffic.left)
        if not stalls:
            assert run.left == trace(plan.netlist.stages, 7, widths=widths).left.tolist()
            # No cycle is lost between widths: each image takes those of its own.
            intervals = [plan.cycles_at(width).interval for width in widths]
            assert np.diff(run.left).tolist() == intervals[1:]


@pytest.mark.parametrize(
    ("run", "array"),
    mostly_nightly(
        product(("conv..again", "dw..again", "body..more"), (0, 1, 2, 3)),
        always=[("dw..again", 2)],
    ),
)
def test_arrays_between_units_of_a_chain(run, array):
    sizes = {**ARRAYS[array]}
    folding = Folding(sizes["pe"], sizes["simd"], sizes.get("pixels", 1))
    first, last = run.split("..")
    names = [layer.name for layer in lower(BOTH)]
    inside = names[names.index(first) : names.index(last) + 1]
    foldings = {name: Folding(1, 1) for name in ("conv", "dw", "body", "fc") if name not in inside}
    memories = {first: sizes["memory"]} if "memory" in sizes else {}
    plan = fold(
        BOTH,
        foldings,
        sequential={run: folding},
        memories=memories,
        widths=("half", "quarter"),
    )
    rng = np.random.default_rng(array)
    images, bench = random_images(rng, BOTH, 7), AcceleratorBench(plan)
    for stalls in (0, 0.4):
        widths = rng.integers(0, 3, 7).tolist()
        traffic = bench.check(images, stalls=stalls, widths=widths).traffic
        passed = replay(plan.netlist.stages, traffic.offered, traffic.accepted, widths)
        assert passed == (traffic.entered, traffic.left)


def test_largest_codes_of_a_map_of_which_fewer_channels_are_read():
    """A map that enters has all channels, whatever is read of them behind its pool."""
    codes, widths = Codes.unsigned(2), ("one", "three")
    ops = [
        ("conv", Conv(ternary(5, 1, 1, 2))),
        ("act", thresholds(5, codes)),
        ("pool", MaxPool((1, 2), (1, 2))),
        ("fc", Dense(ternary(3, 10), (1, 2, 5))),
        ("logits", Logits([1, 2, 3])),
    ]
    chain = Network.chain("chain", Tensor((1, 4, 2), codes), ops)
    network = replace(chain, widths={"one": Width({"conv": 1}), "three": Width({"conv": 3})})
    head, *layers = lower(network, widths)
    unit = SequentialUnit(tuple(layers), 2, 2)
    plan = plan_of(network, (EngineUnit((head,), 1, 1), unit), widths=widths)
    images = random_images(np.random.default_rng(1), network, 4)
    AcceleratorBench(plan).check(images, widths=[1, 0, 2, 1])


def test_the_whole_network_is_as_fast_as_without_widths():
    network = NETWORKS["bytes"]
    (unit,), (alone,) = (plan_of_array(network, ARRAYS[0], widths).units for widths in (NAMES, ()))
    whole, half, third = unit.runs
    assert alone.runs == (whole,)
    assert unit.interval == alone.interval
    assert unit.narrow_interval == unit.interval - whole + third
    assert third < half < whole


@icarus
@pytest.mark.parametrize("array", mostly_nightly(range(len(ARRAYS)), always=[0]))
def test_every_layer_is_compared_at_each_width(array, tmp_path):
    plan = plan_of_array(NETWORKS["bytes"], ARRAYS[array])
    images = random_images(np.random.default_rng(2), plan.network, 6)
    design = tmp_path / "design.v"
    design.write_text(to_verilog(Accelerator(plan), plan.network.name))
    widths = ["third", "", "half", "half", "", "third"]
    options = {"simulator": "icarus", "widths": widths}
    result = simulate(plan, design, images, tmp_path, **options)
    assert result.beats > 0
    inner = [tap.narrower for tap in plan.units[0].taps if tap.narrower]
    assert any(len(orders[1]) < len(orders[0]) for orders in inner)
    third = plan.network.widths["third"]
    ops = {**third.ops, "act2": Threshold(third.ops["act2"].thresholds - 1)}
    changed = {**plan.network.widths, "third": Width(third.filters, ops)}
    wrong = plan_of_array(replace(plan.network, widths=changed), ARRAYS[array])
    message = r"^'act2' differs from the golden model: image 0, pixel \(\d, \d\), channel [01] is "
    with pytest.raises(MismatchError, match=message):
        simulate(wrong, design, images, tmp_path, **options)
