"""Networks of every family in hardware: model, golden model and RTL give the same codes."""

import numpy as np
import pytest

from threefold.plan import Folding, fold, lower
from threefold.plan.layers import ConvLayer
from threefold.quant import export, require_equal, trace
from threefold.sim import golden
from threefold.sim.verification import AcceleratorBench

from ...accelerators import divisors
from ..deploy.random_models import images_of
from .tiny import started, tiny

SHAPES = {"lenet": (8, 8, 1), "resnet8": (6, 5, 2), "ds_cnn": (9, 4, 1), "cnv": (4, 5, 2)}


@pytest.mark.parametrize("name", SHAPES)
def test_model_golden_and_hardware_are_equal(name):
    model = started(tiny(name, shape=SHAPES[name]))
    network = export(model, name)
    foldings = {
        layer.name: Folding(max(divisors(layer.rows)), max(divisors(layer.depth)))
        for layer in lower(network)
        if isinstance(layer, ConvLayer)
    }
    images = images_of(model, 2)
    require_equal(model, network, images)
    expected = golden.run(network, images).reshape(2, -1)
    assert np.array_equal(trace(model, images)["logits"].reshape(2, -1), expected)
    assert len(np.unique(expected, axis=0)) == 2
    run = AcceleratorBench(fold(network, foldings)).run(images)
    assert np.array_equal(run.outputs, expected)
