"""Empty tiles cost neither cycles nor memory, and filters can be reordered to make more of them."""

import numpy as np
import pytest

from threefold import references
from threefold.network import Codes, Conv, Logits, Network, Tensor, Threshold
from threefold.plan import Folding, align, fold
from threefold.plan.cycle_model.cycles import trace
from threefold.sim import golden
from threefold.sim.verification import AcceleratorBench

from .accelerators import engines

FOLDINGS = {"conv1": Folding(8, 2), "conv2": Folding(8, 4), "classes": Folding(4, 4)}


def plan_of(sparsity, *, whole_kernels=False):
    tiles = {name: (folding.pe, folding.simd) for name, folding in FOLDINGS.items()}
    options = {"sparsity": sparsity, "tile": tiles, "whole_kernels": whole_kernels}
    codes = Codes.unsigned(2)
    builder = references.Builder(
        "small", Tensor((6, 6, 8), codes), density=1.0, images=64, **options
    )
    builder.layer("conv1", 16, (3, 3), codes, padding=(1, 1, 1, 1))
    builder.layer("conv2", 16, (3, 3), codes)
    return fold(builder.classifier(4), FOLDINGS)


def predicted(plan, images):
    return trace(plan.netlist.stages, images).left.tolist()


DENSE = plan_of(0.0)


@pytest.mark.parametrize("whole_kernels", [False, True])
def test_a_quarter_of_the_tiles_takes_a_quarter_of_cycles_and_bits(whole_kernels):
    plan = plan_of(0.75, whole_kernels=whole_kernels)
    tiles = [(2 * 9 * 4, 36), (2 * 9 * 4, 16), (16 * 4, 1)]
    rows = [8 * 2, 8 * 4, 4 * 4]  # signs: no weight of a tile is 0
    index = [2 + 4 + 1, 2 + 4 + 1, 0 + 6 + 1]  # kernel row, word within it, last of its group
    pairs = zip(engines(DENSE), engines(plan), strict=True)
    for number, (before, after) in enumerate(pairs):
        count, pixels = tiles[number]
        assert before.tile_cycles == count * pixels
        assert after.tile_cycles == count // 4 * pixels
        assert before.schedule.weight_bits == count * rows[number]
        assert after.schedule.weight_bits == count // 4 * (rows[number] + index[number])
    assert (DENSE.cycles.interval, plan.cycles.interval) == (36 * 72, 36 * 18)
    images = references.random_images(plan.network.input, 4, seed=1)
    run = AcceleratorBench(plan).run(images)
    assert np.array_equal(run.outputs, golden.run(plan.network, images).reshape(4, -1))
    assert run.left == predicted(plan, 4)
    assert run.left[-1] - run.left[-2] == 36 * 18


def interleaved():
    """Of each filter of the first layer only every fourth pair of channels has weights."""
    rng = np.random.default_rng(0)
    filters, channels = np.arange(16)[:, None], np.arange(8)
    mask = (filters % 4 == channels // 2)[:, None, None, :]
    ops = [
        ("conv1", Conv(rng.choice([-1, 1], (16, 3, 3, 8)) * mask)),
        ("codes1", Threshold(np.sort(rng.integers(-8, 8, (16, 3)), axis=1))),
        ("conv2", Conv(rng.integers(-1, 2, (8, 2, 2, 16)))),
        ("codes2", Threshold(np.sort(rng.integers(-8, 8, (8, 3)), axis=1))),
        ("fc", Conv(rng.integers(-1, 2, (5, 2, 2, 8)))),
        ("logits", Logits(rng.integers(-20, 20, 5))),
    ]
    return Network.chain("interleaved", Tensor((5, 5, 8), Codes.unsigned(2)), ops)


def test_reordered_filters_give_the_same_logits_from_fewer_tiles():
    network = interleaved()
    foldings = {"conv1": Folding(4, 2), "conv2": Folding(4, 8), "fc": Folding(1, 8)}
    aligned, orders = align(network, foldings)
    assert "conv1" in orders
    images = references.random_images(network.input, 3, seed=1)
    runs, cycles = [], []
    for each in (network, aligned):
        plan = fold(each, foldings)
        runs.append(AcceleratorBench(plan).run(images))
        assert runs[-1].left == predicted(plan, 3)
        cycles.append(engines(plan)[0].tile_cycles)
    assert cycles == [9 * 4 * 36, 9 * 4 * 9]
    assert np.array_equal(runs[0].outputs, golden.run(network, images).reshape(3, -1))
    assert np.array_equal(runs[1].outputs, runs[0].outputs)
    assert runs[1].left[-1] < runs[0].left[-1] // 2
