"""Images in batches that share weights: bits, cycles and stalls."""

import re

import numpy as np
import pytest

from threefold.errors import DataError
from threefold.hw.accelerator import Accelerator
from threefold.hw.verilog import to_verilog
from threefold.network import (
    Codes,
    Conv,
    Dense,
    Logits,
    MaxPool,
    Network,
    Tensor,
    Threshold,
)
from threefold.plan import lower
from threefold.plan.cycle_model.cycles import replay, trace
from threefold.plan.search.fold import plan_of
from threefold.plan.sequential import Feed
from threefold.plan.units.streamed import StreamedUnit
from threefold.plan.units.streamed_batch import StreamedBatchUnit
from threefold.sim import golden
from threefold.sim.simulate import simulate
from threefold.sim.verification import AcceleratorBench

from ...accelerators import random_images
from ...nightly import mostly_nightly
from ...random_batches import random_batch_plan
from ...sim.sample import icarus
from ...split_family import SPLIT

ALL = range(100)


def plan_of_seed(seed):
    rng = np.random.default_rng([seed, 41])
    return random_batch_plan(rng, seed % 3, 2 + seed // 3 % 3), rng


def compare(plan, images, seed, family=None):
    """Compare results and cycles with those foretold, with a free sink and with stalls."""
    count = len(images)
    expected = golden.run(plan.network, images).reshape(count, -1)
    bench = AcceleratorBench(plan, family=family)
    run = bench.run(images)
    assert np.array_equal(run.outputs, expected)
    assert run.left == trace(plan.netlist.stages, count).left.tolist()
    if len(plan.units) == 1:
        assert run.left[-1] - run.left[plan.batch - 1] == plan.streamed.batch_interval
    stalled = bench.run(images, stalls=0.4, seed=seed)
    assert np.array_equal(stalled.outputs, expected)
    traffic = stalled.traffic
    passed = replay(plan.netlist.stages, traffic.offered, traffic.accepted)
    assert passed == (traffic.entered, traffic.left)


@pytest.mark.parametrize("seed", mostly_nightly(ALL, always=[1, 11, 16, 23, 29]))
def test_bit_and_cycle_exact(seed):
    plan, rng = plan_of_seed(seed)
    compare(plan, random_images(rng, plan.network, 2 * plan.batch), seed)


@pytest.mark.parametrize("seed", mostly_nightly([16, 23, 29], always=[29]))
def test_banks_may_be_in_parts(seed):
    plan, rng = plan_of_seed(seed)
    contents = plan.streamed.contents
    width = contents.bits * contents.array.simd
    assert max(len(SPLIT.parts(width, depth)) for depth in contents.bank_depths) > 1
    compare(plan, random_images(rng, plan.network, 2 * plan.batch), seed, SPLIT)


@pytest.mark.parametrize("batch", [2, 3])
def test_images_share_a_pool(batch):
    rng, ops, channels = np.random.default_rng(5), [], 2
    for number in range(1, 4):
        weights = rng.integers(-1, 2, (4, 3, 3, channels))
        ops.append((f"conv{number}", Conv(weights, padding=(1, 1, 1, 1))))
        ops.append((f"act{number}", Threshold(np.sort(rng.integers(-6, 7, (4, 3)), axis=1))))
        if number == 2:
            ops.append(("pool", MaxPool((2, 2), (2, 2))))
        channels = 4
    ops.append(("dense", Dense(rng.integers(-1, 2, (3, 16)), (2, 2, 4))))
    ops.append(("logits", Logits([0, 1, -1])))
    network = Network.chain("pooled", Tensor((4, 4, 2), Codes.unsigned(2)), ops)
    feed = Feed(16, first=40, extra=40).to_dict()
    unit = StreamedUnit(lower(network), 2, 2, feed=feed).made_loadable()
    shared = StreamedBatchUnit.sharing(unit, batch=batch, shared=1, apart=4)
    assert any(each.weights is None for each in shared.passes[1:4])
    compare(plan_of(network, (shared,)), random_images(rng, network, 2 * batch), 5)


@icarus
@pytest.mark.parametrize("seed", mostly_nightly(ALL, always=[1, 16]))
def test_every_layer_is_compared(seed, tmp_path):
    plan, rng = plan_of_seed(seed)
    images = random_images(rng, plan.network, 2 * plan.batch)
    (tmp_path / "design.v").write_text(to_verilog(Accelerator(plan), plan.network.name))
    result = simulate(plan, tmp_path / "design.v", images, tmp_path, simulator="icarus")
    assert result.cycles.latency == plan.cycles.latency


def test_nothing_leaves_before_the_last_image_of_a_batch_has_entered():
    plan, rng = plan_of_seed(2)
    words = plan.ports.input.beats * (2 * plan.batch - 1)
    cycles = 4 * plan.batch * round(plan.cycles.interval)
    entered, _ = replay(plan.netlist.stages, [True] * cycles, [True] * cycles)
    offered = [n <= entered[words - 1] for n in range(cycles)]
    _, left = replay(plan.netlist.stages, offered, [True] * cycles)
    assert len(left) == plan.batch * plan.ports.output.beats
    with pytest.raises(DataError, match=re.escape(f"come in batches of {plan.batch}, not 1")):
        simulate(plan, "none.v", random_images(rng, plan.network, 1), "none", simulator="icarus")


def test_kinds_of_passes_are_shared():
    found = set()
    for seed in range(60):
        unit = plan_of_seed(seed)[0].streamed
        shared = unit.passes[unit.shared : unit.apart]
        found |= {("batch", unit.batch), ("shared", len(shared) > 0)}
        for each in shared:
            found |= {
                ("joined", bool(each.added)),
                ("groups", each.shape[2] > unit.pe),
                ("stride", each.window.stride[0] > 1),
                ("padded", any(each.window.padding)),
                ("several sources", len(each.layers[0].sources) > 1),
            }
    names = {name for name, _ in found} - {"batch"}
    assert found >= {(name, value) for name in names for value in (False, True)}
    assert found >= {("batch", n) for n in (2, 3, 4)}
