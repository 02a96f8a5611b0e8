"""Reference architectures in hardware: small forms of them here, the whole ones in the nightly."""

import convolutions
import numpy as np
import pytest

from threefold import references
from threefold.hw.accelerator import Accelerator
from threefold.hw.verilog import to_verilog
from threefold.plan import Folding, fold, lower
from threefold.plan.cycle_model.cycles import trace
from threefold.plan.layers import ConvLayer
from threefold.sim import golden
from threefold.sim.simulate import simulate
from threefold.sim.verification import AcceleratorBench

from .accelerators import divisors
from .nightly import mostly_nightly

NAMES = ("lenet", "cnv", "resnet20_4bit", "resnet20_2bit", "ds_cnn", "tiny_conv")
RESNET = {"input": (4, 4, 3), "filters": (2, 4, 8), "bits": 2}
SMALL = {  # and how many images
    "lenet": (references.lenet, {"input": (16, 16, 1)}, 1),
    "resnet20": (references.resnet20, RESNET, 2),
    "resnet20-projection": (references.resnet20, RESNET | {"shortcut": "projection"}, 2),
    "ds_cnn": (references.ds_cnn, {"input": (9, 4, 1), "filters": 4}, 3),
    "tiny_conv": (references.tiny_conv, {"input": (10, 10, 1)}, 3),
}


@pytest.mark.parametrize(
    "name", mostly_nightly(SMALL, always=SMALL.keys() - {"resnet20-projection"})
)
def test_small_forms_equal_golden_and_prediction(name):
    function, options, count = SMALL[name]
    network = function(images=64, **options)
    foldings = {
        layer.name: Folding(
            max(size for size in divisors(layer.rows) if size <= 8),
            max(size for size in divisors(layer.depth) if size <= 16),
        )
        for layer in lower(network)
        if isinstance(layer, ConvLayer)
    }
    plan = fold(network, foldings)
    images = references.random_images(network.input, count, seed=1)
    run = AcceleratorBench(plan).run(images)
    assert run.outputs.tolist() == golden.run(network, images).reshape(count, -1).tolist()
    assert run.left == trace(plan.netlist.stages, count).left.tolist()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.nightly
def test_whole_networks_equal_golden_and_prediction(name, tmp_path):
    assert tuple(convolutions.CASES) == NAMES
    plan = convolutions.folded(name)
    rtl = tmp_path / "design.v"
    rtl.write_text(to_verilog(Accelerator(plan), plan.network.name))
    images = references.random_images(plan.network.input, plan.cycles.images, seed=2)
    result = simulate(plan, rtl, images, tmp_path / "sim")
    assert result.cycles == plan.cycles
    assert np.array_equal(result.classes, golden.classes(plan.network, images))
    for seed in range(2):
        stalled = simulate(plan, rtl, images[:2], tmp_path / "sim", stalls=0.3, seed=seed)
        assert np.array_equal(stalled.classes, result.classes[:2])
