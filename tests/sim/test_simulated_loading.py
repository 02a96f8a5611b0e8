"""Networks that are loaded into simulated Verilog one after the other."""

import re
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from threefold.errors import DataError, MismatchError, PlanError
from threefold.hw.accelerator import Accelerator
from threefold.hw.verilog import to_verilog
from threefold.plan import image_of, reloaded
from threefold.sim import golden, loading
from threefold.sim.loading import simulate_loading

from ..accelerators import random_images
from ..loadable_networks import loadable_plan, network

ONE, DEEP, TOO_DEEP = network(1), network(2, depth=3, filters=6), network(3, depth=4, filters=9)
PLAN = loadable_plan(ONE, DEEP)
IMAGES = random_images(np.random.default_rng(0), ONE, 5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("loading")
    (folder / "rtl.v").write_text(to_verilog(Accelerator(PLAN), ONE.name))
    return folder


def simulated(folder, *loads, rtl="rtl.v"):
    return simulate_loading(PLAN, folder / rtl, loads, folder / "sim")


def test_each_computes_what_is_loaded(folder):
    loads = [(ONE, IMAGES), (DEEP, IMAGES[:3]), (ONE, IMAGES[:1])]
    runs = simulated(folder, *loads)
    for run, (loaded, images) in zip(runs, loads, strict=True):
        expected = golden.run(loaded, images).reshape(len(images), -1)
        assert np.array_equal(run.outputs, expected)
        assert (run.network, run.images) == (loaded.name, len(images))
        cycles = reloaded(PLAN, loaded).cycles
        assert run.latency == cycles.latency
        assert run.interval == (cycles.interval if len(images) > 1 else None)
    assert not np.array_equal(runs[0].outputs[:3], runs[1].outputs)
    assert all(one.latency != other.latency for one, other in pairwise(runs))


def test_a_difference_names_the_load(folder, monkeypatch):
    """The program image of another network takes the place of that of the second."""
    monkeypatch.setattr(loading, "image_of", lambda plan, _: image_of(plan, ONE))
    message = (
        r"^load 1, 'net2': 'logits' differs from the golden model: image 0, pixel \(0, 0\), "
        r"channel \d is -?\d+, not -?\d+$"
    )
    with pytest.raises(MismatchError, match=message):
        simulated(folder, (ONE, IMAGES[:1]), (DEEP, IMAGES[:2]))


def test_cycles_that_are_not_predicted(folder, monkeypatch):
    monkeypatch.setattr(loading, "trace", lambda *_: SimpleNamespace(left=np.arange(1, 6)))
    latency = PLAN.cycles.latency
    message = rf"^image 0 of 'net1' leaves after {latency} cycles, not 1 as predicted$"
    with pytest.raises(MismatchError, match=message):
        simulated(folder, (ONE, IMAGES))


def test_refuses(folder):
    with pytest.raises(DataError, match=r"^there is no network to load$"):
        simulated(folder)
    with pytest.raises(DataError, match=r"^there is no image to simulate$"):
        simulated(folder, (ONE, IMAGES), (DEEP, IMAGES[:0]))
    message = "'net3' cannot be loaded: it has 99 places in each bank of maps, and the hardware "
    with pytest.raises(PlanError, match=f"^{re.escape(message)}takes 63$"):
        simulated(folder, (TOO_DEEP, IMAGES))
