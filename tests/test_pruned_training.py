"""What training prunes, the generated hardware skips: no tile more, none fewer."""

import dataclasses

import numpy as np
import pytest

from threefold.plan import Folding, fold
from threefold.plan.cycle_model.cycles import trace
from threefold.quant import PRESETS, Pruning, build, digit_maps, export, require_equal, train
from threefold.quant.pruning import counts, select
from threefold.sim import golden
from threefold.sim.verification import AcceleratorBench

from .accelerators import engines

TILES = {"conv1": (4, 1), "conv2": (2, 4), "fc1": (2, 8)}


@pytest.fixture(scope="module")
def digits():
    return digit_maps()


def pruned(digits, fraction, *, whole_kernel=False):
    pruning = Pruning(tiles=TILES, whole_kernel=whole_kernel, fraction=fraction, end=3)
    config = dataclasses.replace(
        PRESETS["lenet-digits"], widths=(8, 8), epochs=4, batch=32, pruning=pruning
    )
    model = build(config, digits)
    train(model, digits, config)
    return model, counts(select(model, pruning))


@pytest.mark.parametrize(("fraction", "whole_kernel"), [(0.5, False), (0.75, False), (0.5, True)])
def test_pruned_tiles_are_skipped(digits, fraction, whole_kernel):
    model, pruning = pruned(digits, fraction, whole_kernel=whole_kernel)
    network = export(model, "lenet", {"pruning": pruning})
    require_equal(model, network, digits.test_images[:50])
    plan = fold(network, {name: Folding(*size) for name, size in TILES.items()})
    for engine in engines(plan):
        of_layer = pruning[engine.layer.name]
        positions = engine.layer.window.kernel if whole_kernel else (1, 1)
        gone = of_layer["pruned"] * int(np.prod(positions))
        whole = of_layer["tiles"] * int(np.prod(positions))
        assert (engine.schedule.tiles_in_all, engine.schedule.skipped) == (whole, gone)
        assert engine.tile_cycles == (whole - gone) * engine.layer.pixels
        if not whole_kernel:
            assert gone == round(fraction * whole)
    images = digits.test_images[:3]
    run = AcceleratorBench(plan).run(images)
    assert np.array_equal(run.outputs, golden.run(network, images).reshape(3, -1))
    assert run.left == trace(plan.netlist.stages, 3).left.tolist()
    assert run.left[-1] - run.left[-2] == plan.cycles.interval
    assert plan.cycles.interval == plan.bottleneck.interval
