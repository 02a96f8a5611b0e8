"""Engines that work on several columns of the kernel at once."""

import numpy as np
import pytest

from threefold import references
from threefold.network import Codes, Conv, Network, Tensor, Threshold
from threefold.plan import Plan, lower
from threefold.plan.schedule import simd_widths
from threefold.plan.units.engine import EngineUnit

NETWORKS = {
    "lenet": references.lenet(input=(16, 16, 1), density=1.0),
    "resnet20": references.resnet20(input=(16, 16, 3), filters=(8, 8, 8), density=1.0),
}


def first_layer(name, **decisions):
    """The first layer of a network alone, as planned."""
    whole = NETWORKS[name]
    network = Network("first", whole.input, whole.nodes[:2])
    unit = EngineUnit(tuple(lower(network)), **decisions)
    return unit, Plan(network, (unit,), {})


@pytest.mark.parametrize(
    ("name", "decisions", "interval"),
    [
        ("lenet", {"pe": 6, "simd": 1, "lanes": 6}, 3600),
        ("lenet", {"pe": 6, "simd": 5, "lanes": 6}, 720),
        ("lenet", {"pe": 6, "simd": 25, "lanes": 6}, 256),
        ("lenet", {"pe": 6, "simd": 5, "lanes": 6, "pixels": 2}, 360),
        ("resnet20", {"pe": 8, "simd": 3, "lanes": 8}, 2304),
        ("resnet20", {"pe": 8, "simd": 9, "lanes": 8}, 768),
        ("resnet20", {"pe": 8, "simd": 27, "lanes": 8}, 289),
        ("resnet20", {"pe": 8, "simd": 9, "lanes": 8, "pixels": 4}, 272),
    ],
)
def test_first_layers_take_fewer_cycles(name, decisions, interval):
    unit, plan = first_layer(name, **decisions)
    assert unit.interval == plan.cycles.interval == interval


@pytest.mark.parametrize(
    ("name", "pe", "simd"), [("lenet", 1, 25), ("lenet", 2, 25), ("resnet20", 2, 27)]
)
def test_pauses_between_images_and_rows_of_patches_are_counted(name, pe, simd):
    """As far as they are sure: more than the tiles take, and nearly what is predicted."""
    unit, plan = first_layer(name, pe=pe, simd=simd, lanes=pe)
    assert unit.tile_cycles < unit.interval <= plan.cycles.interval < 1.03 * unit.interval


@pytest.mark.parametrize("seed", range(6))
def test_no_first_layer_is_faster_than_its_interval(seed):
    rng = np.random.default_rng(seed)
    height, width, channels = (int(size) for size in rng.integers((4, 4, 1), (14, 14, 4)))
    kernel = tuple(int(size) for size in rng.integers(2, 5, 2))
    padding = tuple(int(rng.integers(size)) for size in kernel * 2)
    stride = tuple(int(step) for step in rng.integers(1, 4, 2))
    weights = rng.integers(-1, 2, (4, *kernel, channels))
    conv, act = Conv(weights, stride, padding), Threshold(np.tile([-2, 0, 2], (4, 1)))
    network = Network.chain(
        "first",
        Tensor((height, width, channels), Codes.unsigned(2)),
        [("conv", conv), ("act", act)],
    )
    layers = tuple(lower(network))
    for simd in simd_widths(layers[0]):
        for pe, pixels, memory in [(1, 1, "auto"), (2, 1, "spram"), (4, 2, "auto"), (4, 1, "lut")]:
            if pixels <= layers[0].window.out[1]:
                unit = EngineUnit(layers, pe, simd, lanes=pe, pixels=pixels, memory=memory)
                cycles = Plan(network, (unit,), {}).cycles.interval
                assert unit.interval <= cycles <= unit.smooth_interval * 1.1 + 4
