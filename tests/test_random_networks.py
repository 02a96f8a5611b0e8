"""Random convolutional networks: hardware, golden model and cycle model say the same.

The nightly run takes fifteen times as many.
"""

import numpy as np
import pytest

from threefold.network import INPUT, Conv, Dense, Logits, MaxPool, Network, Tensor, Threshold
from threefold.plan.cycle_model.cycles import replay, trace
from threefold.sim import golden
from threefold.sim.verification import AcceleratorBench

from .accelerators import CODES, engines, random_images
from .nightly import mostly_nightly
from .random_networks import random_convolutional, random_convolutional_plan, random_plan_of

ALL = range(300)
UNFOLDED = [1, 2, 4, 7, 10, 11, 14, 17, 20, 22, 23]
UNFOLDED_DIGITS = [8, 11, 15, 19]
ORDINARY = [*range(13), 56, 103, 139, 254, 263, 276, 297]
KINDS = {
    *("conv", "threshold", "logits", "argmax", "max_pool", "sum_pool"),
    *("add", "concat", "flatten", "pad_channels"),
}


@pytest.mark.parametrize("seed", mostly_nightly(ALL, always=ORDINARY))
def test_bit_and_cycle_exact(seed):
    rng = np.random.default_rng(seed)
    check(random_convolutional_plan(rng), rng, seed)


@pytest.mark.parametrize("seed", mostly_nightly(ALL, always=ORDINARY))
def test_bit_and_cycle_exact_with_weights_of_several_digits(seed):
    rng = np.random.default_rng([seed, 1])
    check(random_convolutional_plan(rng, wide=True), rng, seed)


@pytest.mark.parametrize("seed", mostly_nightly(ALL[:150], always=UNFOLDED))
def test_bit_and_cycle_exact_across_columns_of_kernels(seed):
    rng = np.random.default_rng(seed)
    check(random_plan_of(rng, random_convolutional(rng), unfolded=True), rng, seed)


@pytest.mark.parametrize("seed", mostly_nightly(ALL[:100], always=UNFOLDED_DIGITS))
def test_bit_and_cycle_exact_across_columns_with_weights_of_several_digits(seed):
    rng = np.random.default_rng([seed, 2])
    check(random_plan_of(rng, random_convolutional(rng, wide=True), unfolded=True), rng, seed)


@pytest.mark.parametrize(("wide", "seeds"), [(False, UNFOLDED), (True, UNFOLDED_DIGITS)])
def test_patches_of_all_kinds_are_among_them(wide, seeds):
    found = set()
    for seed in seeds:
        rng = np.random.default_rng([seed, 2] if wide else seed)
        plan = random_plan_of(rng, random_convolutional(rng, wide=wide), unfolded=True)
        units = [unit for unit in engines(plan) if unit.unfolding]
        assert units, f"seed {seed}"
        ops = {node.op.kind for node in plan.network.nodes}
        found |= ops & {"add", "concat"}
        found |= {"groups" for unit in engines(plan) if unit.layer.groups > 1}
        for unit in units:
            window, schedule = unit.layer.window, unit.schedule
            found.add("rows" if unit.unfolding.whole else "row")
            for what, there in {
                "pixels": unit.pixels > 1,
                "divided": schedule.pitch > 1,
                "skipped": schedule.skipped,
                "padded": any(window.padding),
                "strided": window.stride != (1, 1),
                "behind another": unit.sources != (INPUT,),
                "doubled": schedule.doubles.any(),
            }.items():
                found.update([what] if there else [])
    assert found == {
        *("row", "rows", "pixels", "divided", "skipped", "padded", "strided", "behind another"),
        *("add", "concat", "groups", *(["doubled"] if wide else [])),
    }


def check(plan, rng, seed):
    network, count = plan.network, plan.cycles.images + 1
    images = random_images(rng, network, count)
    expected = golden.run(network, images).reshape(count, -1)
    bench = AcceleratorBench(plan)

    run = bench.run(images)
    assert np.array_equal(run.outputs, expected), f"seed {seed}"
    left = trace(plan.netlist.stages, count).left.tolist()
    assert run.left == left, f"seed {seed}"
    assert run.left[0] == plan.cycles.latency, f"seed {seed}"

    stalled = bench.run(images, stalls=0.4, seed=seed)
    assert np.array_equal(stalled.outputs, expected), f"seed {seed}"
    traffic = stalled.traffic
    passed = replay(plan.netlist.stages, traffic.offered, traffic.accepted)
    assert passed == (traffic.entered, traffic.left), f"seed {seed}"


@pytest.mark.parametrize(
    ("shape", "kernel", "stride", "padding"),
    [
        ((1, 16), (1, 3), (2, 2), (0, 0, 0, 0)),
        ((1, 1), (3, 3), (2, 2), (1, 1, 1, 1)),
        ((5, 4), (2, 3), (9, 7), (0, 0, 0, 0)),
        ((1, 1), (3, 3), (2, 2), (2, 2, 2, 2)),
        ((4, 4), (1, 1), (1, 1), (1, 1, 1, 1)),
        ((3, 3), (2, 2), (1, 1), (0, 0, 2, 2)),
        ((4, 3), (1, 1), (2, 2), (1, 1, 0, 1)),
        ((2, 3), (2, 1), (2, 4), (5, 0, 0, 3)),
    ],
)
@pytest.mark.parametrize("seed", range(2))
def test_strides_beyond_the_map_and_windows_of_padding(shape, kernel, stride, padding, seed):
    rng = np.random.default_rng(seed)
    weights = rng.integers(-1, 2, (4, *kernel, 2))
    thresholds = np.sort(rng.integers(-3, 4, (4, 3)))
    ops = [
        ("conv1", Conv(weights, stride, padding)),
        ("act1", Threshold(thresholds)),
        ("pool1", MaxPool((1, 1), (1, 7))),
    ]
    network = Network.chain("windows", Tensor((*shape, 2), CODES["ternary"]), ops)
    check(random_plan_of(rng, network), rng, seed)


def read_codes(network):
    """Names of the types that convolutions read, with whether these are padded."""
    names = {codes: name for name, codes in CODES.items()}
    types = {INPUT: network.input} | dict(network.types)
    for node in network.nodes:
        if node.op.kind == "conv":
            yield names.get(types[node.inputs[0]].element), any(node.op.padding)


@pytest.mark.parametrize("seeds", [ORDINARY, ALL], ids=["ordinary", "nightly"])
def test_all_kinds_and_types_are_among_them(seeds):
    networks = [random_convolutional(np.random.default_rng(seed)) for seed in seeds]
    assert {node.op.kind for network in networks for node in network.nodes} == KINDS
    read = {found for network in networks for found in read_codes(network)}
    assert {name for name, _ in read} >= CODES.keys()
    assert ("bipolar", True) not in read
    assert {name for name, padded in read if padded} >= CODES.keys() - {"bipolar"}


@pytest.mark.parametrize("step", [3, 5, 11, 100])
def test_logits_behind_codes_of_any_step(step):
    rng = np.random.default_rng(step)
    ops = [
        ("fc1", Dense(rng.integers(-1, 2, (8, 6)))),
        ("act1", Threshold(np.sort(rng.integers(-20, 20, (8, 7))), step, -4)),
        ("fc2", Dense(rng.integers(-1, 2, (6, 8)))),
        ("logits", Logits(rng.integers(-9, 9, 6))),
    ]
    network = Network.chain("steps", Tensor((1, 1, 6), CODES["unsigned4"]), ops)
    check(random_plan_of(rng, network), rng, step)


@pytest.mark.parametrize("seed", range(3))
def test_thresholds_that_repeat(seed):
    rng = np.random.default_rng(seed)
    thresholds = np.repeat(np.sort(rng.integers(-9, 9, (8, 5)), axis=1), 51, axis=1)
    ops = [
        ("conv1", Conv(rng.integers(-1, 2, (8, 2, 2, 2)))),
        ("act1", Threshold(thresholds)),
        ("conv2", Conv(rng.integers(-1, 2, (4, 2, 2, 8)))),
        ("act2", Threshold(40 * thresholds[:4])),
    ]
    network = Network.chain("repeated", Tensor((4, 5, 2), CODES["unsigned4"]), ops)
    plan = random_plan_of(rng, network)
    assert [unit.requantizer.steps for unit in plan.units] == [3, 3]
    check(plan, rng, seed)
