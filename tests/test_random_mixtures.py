"""Random networks some of whose layers share an array, and all that is around them.

The nightly run takes fifteen times as many.
"""

from itertools import product

import numpy as np
import pytest

from threefold.hw.accelerator import Accelerator
from threefold.hw.verilog import to_verilog
from threefold.plan.cycle_model.cycles import replay, trace
from threefold.plan.layers.layer import AddLayer, PadChannelsLayer, PoolLayer, ThresholdLayer
from threefold.plan.units.sequential import SequentialUnit
from threefold.sim import golden
from threefold.sim.simulate import simulate
from threefold.sim.verification import AcceleratorBench

from .accelerators import random_images
from .nightly import mostly_nightly
from .random_networks import random_mixture
from .sim.sample import icarus

ALL = range(300)
LARGE = {12, 14}
ORDINARY = [seed for seed in range(20) if seed not in LARGE]


@pytest.mark.parametrize("seed", mostly_nightly(ALL, always=ORDINARY))
def test_bit_and_cycle_exact(seed):
    _compare(seed, np.random.default_rng([seed, 16]))


@pytest.mark.parametrize("seed", mostly_nightly(ALL, always=[1, 11]))
def test_weights_of_several_digits(seed):
    _compare(seed, np.random.default_rng([seed, 18]), wide=True)


@pytest.mark.parametrize("seed", mostly_nightly(ALL, always=[0, 1, 2, 3, 6, 9, 17, 18, 249]))
def test_contents_from_outside(seed):
    _compare(seed, np.random.default_rng([seed, 16]), loadable=True)


@pytest.mark.parametrize("seed", mostly_nightly(ALL, always=[0, 2, 4, 6, 7, 8, 9, 10]))
def test_contents_from_a_memory_outside(seed):
    _compare(seed, np.random.default_rng([seed, 16]), feeds=True, wide=seed % 4 == 3)


@pytest.mark.parametrize("seed", mostly_nightly(range(60), always=[1]))
def test_weights_of_several_digits_from_outside(seed):
    _compare(seed, np.random.default_rng([seed, 18]), wide=True, loadable=True)


@pytest.mark.parametrize("seed", mostly_nightly(ALL, always=[5, 12, 15, 19]))
def test_maps_in_single_port_memory(seed):
    _compare(seed, np.random.default_rng([seed, 21]), memory="spram", loadable=seed % 2 > 0)


@pytest.mark.parametrize("seed", mostly_nightly(ALL, always=[0, 2, 6, 12]))
def test_widths(seed):
    """Images at widths in random order, in the cycles predicted for this order."""
    rng = np.random.default_rng([seed, 23])
    plan = random_mixture(
        rng, wide=seed % 3 == 1, memory="spram" if seed % 4 == 3 else "auto", widths=True
    )
    images = random_images(rng, plan.network, 7)
    bench = AcceleratorBench(plan)
    for stalls in (0, 0.4):
        widths = rng.integers(0, 3, len(images)).tolist()
        traffic = bench.check(images, stalls=stalls, widths=widths, seed=seed).traffic
        passed = replay(plan.netlist.stages, traffic.offered, traffic.accepted, widths)
        assert passed == (traffic.entered, traffic.left), f"seed {seed}"


def _compare(seed: int, rng: np.random.Generator, **kind: bool | str) -> None:
    plan = random_mixture(rng, **kind)
    network, count = plan.network, plan.cycles.images + 1
    images = random_images(rng, network, count)
    expected = golden.run(network, images).reshape(count, -1)
    bench = AcceleratorBench(plan)
    run = bench.run(images)
    assert np.array_equal(run.outputs, expected), f"seed {seed}"
    assert run.left == trace(plan.netlist.stages, count).left.tolist(), f"seed {seed}"
    stalled = bench.run(images, stalls=0.4, seed=seed)
    assert np.array_equal(stalled.outputs, expected), f"seed {seed}"
    traffic = stalled.traffic
    passed = replay(plan.netlist.stages, traffic.offered, traffic.accepted)
    assert passed == (traffic.entered, traffic.left), f"seed {seed}"


@icarus
@pytest.mark.parametrize("loadable", [False, True])
@pytest.mark.parametrize(
    ("seed", "memory"),
    mostly_nightly(
        product(range(20), ("auto", "spram")), always=[(1, "auto"), (2, "auto"), (3, "spram")]
    ),
)
def test_every_layer_is_compared(seed, memory, loadable, tmp_path):
    rng = np.random.default_rng([seed, 17])
    _compare_layers(rng, random_mixture(rng, loadable=loadable, memory=memory), tmp_path)


@icarus
@pytest.mark.parametrize("seed", mostly_nightly(range(40), always=[1, 3]))
def test_every_layer_is_compared_whose_contents_come_from_a_memory(seed, tmp_path):
    rng = np.random.default_rng([seed, 17])
    _compare_layers(rng, random_mixture(rng, feeds=True), tmp_path)


def _compare_layers(rng, plan, tmp_path):
    images = random_images(rng, plan.network, 3)
    (tmp_path / "design.v").write_text(to_verilog(Accelerator(plan), plan.network.name))
    result = simulate(plan, tmp_path / "design.v", images, tmp_path, simulator="icarus")
    own = [tap for unit in plan.units for tap in unit.taps]
    layers = {layer.stream for unit in plan.units for layer in unit.layers if layer.op != "argmax"}
    added_up = {
        work.layers[0].stream
        for unit in plan.units
        if isinstance(unit, SequentialUnit)
        for work in unit.passes
        if work.whole
    }
    assert {tap.stream for tap in own} == layers - added_up
    assert result.beats > 0


@pytest.mark.parametrize("seeds", mostly_nightly([ORDINARY, ALL], always=[ORDINARY]))
def test_all_kinds_of_layers_and_neighbours_are_among_them(seeds):
    kinds, places, several = set(), set(), set()
    for seed in seeds:
        units = random_mixture(np.random.default_rng([seed, 16])).units
        (place,) = (n for n, each in enumerate(units) if isinstance(each, SequentialUnit))
        kinds |= {type(layer) for layer in units[place].layers}
        places.add((place > 0, place < len(units) - 1))
        several.add(units[place].pixels)
    assert kinds >= {AddLayer, PadChannelsLayer, PoolLayer, ThresholdLayer}
    assert places >= {(False, True), (True, False), (True, True)}
    assert several >= {1, 2, 3, 4}
