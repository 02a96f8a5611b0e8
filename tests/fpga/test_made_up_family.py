"""A family that exists nowhere but here: planned, estimated, elaborated and simulated."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.fpga import GENERIC, ChainCost, Device, Family, ReaderCost
from threefold.fpga.ecp5 import ECP5
from threefold.hw.accelerator import Accelerator
from threefold.hw.verilog import to_rtlil
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
from threefold.plan import Folding, fit, fold
from threefold.sim import golden
from threefold.sim.verification import AcceleratorBench

from ..accelerators import random_images
from ..nightly import mostly_nightly

TERNIX = Family(
    name="ternix",
    title="Ternix",
    block_shapes=((20, 128), (10, 256), (5, 512)),
    block_worth=30,
    block_least=100,
    ram_styles={"lut": "registers", "block": "huge"},
    memory_gives_late=True,
    complement_takes_luts=True,
    shares_chains=False,
    carry_bits=3,
    wide_multiplexers=True,
    counts_bare_cells=False,
    table_rows=10,
    narrow_lanes={1: 2.0, 3: 9.0},
    chains=ChainCost(sum=1, accumulator=1, comparison=1, least=3),
    reader=ReaderCost(18, 6, 2, 3, 2, bare=5, bare_beyond=1),
    fill=0.75,
    fifo_counter=4,
    search_counter=1,
)
DEVICE = Device("TX4", TERNIX, lut=6000, bram=20)
PLATFORM = SimpleNamespace(family=TERNIX)
FOLDINGS = {"conv": Folding(2, 2), "fc": Folding(1, 4)}


def make_network():
    rng = np.random.default_rng(0)
    ops = [
        ("conv", Conv(rng.integers(-1, 2, (8, 3, 3, 2)), (1, 1), padding=(1, 1, 1, 1))),
        ("act", Threshold(np.sort(rng.integers(-30, 31, (8, 7)), axis=1))),
        ("pool", MaxPool((2, 2), (2, 2))),
        ("fc", Dense(rng.integers(-1, 2, (10, 72)), (3, 3, 8))),
        ("logits", Logits(rng.integers(-3, 4, 10))),
    ]
    return Network.chain("small", Tensor((6, 6, 2), Codes.unsigned(4)), ops)


NETWORK = make_network()


def rtlil(plan, platform):
    return to_rtlil(Accelerator(plan), "top", platform=platform)


def test_planned_and_estimated():
    plan = fit(NETWORK, DEVICE, board="ternboard")
    needed = plan.resources(TERNIX)
    assert 0 < needed.cells <= 0.75 * DEVICE.lut
    assert 0 < needed.bram < DEVICE.bram
    assert needed != plan.resources(ECP5)
    smaller = replace(DEVICE, lut=DEVICE.lut // 2)
    assert fit(NETWORK, smaller).cycles.interval >= plan.cycles.interval
    with pytest.raises(PlanError, match=r"^'small' does not fit ternboard: .*$"):
        fit(NETWORK, replace(DEVICE, lut=50, bram=2), board="ternboard")


def test_elaborated():
    plan = fold(NETWORK, FOLDINGS, memories={"conv": "block", "pool": "lut"})
    text = rtlil(plan, PLATFORM)
    assert 'attribute \\ram_style "huge"' in text
    assert 'attribute \\ram_style "registers"' in text
    for cell in ("CCU2C", "SB_"):
        assert cell not in text
    assert 'attribute \\ram_style "huge"' not in rtlil(plan, SimpleNamespace(family=GENERIC))


@pytest.mark.parametrize(
    ("form", "memory"),
    mostly_nightly(
        [
            ("pipelined", "auto"),
            ("sequential", "lut"),
            ("parallel", "block"),
            ("pipelined", "spram"),
        ],
        always=[("parallel", "block"), ("pipelined", "spram")],
    ),
)
def test_simulated(form, memory):
    plan = fold(NETWORK, FOLDINGS, memories={"conv": memory, "fc": memory}, forms={"conv": form})
    images = random_images(np.random.default_rng(1), NETWORK, 3)
    expected = golden.run(NETWORK, images).reshape(3, -1)
    bench = AcceleratorBench(plan, family=TERNIX)
    run = bench.run(images)
    assert np.array_equal(run.outputs, expected)
    assert run.left[0] == plan.cycles.latency
    stalled = bench.run(images, stalls=0.4, seed=1)
    assert np.array_equal(stalled.outputs, expected)
