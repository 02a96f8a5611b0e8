"""``threefold run --benchmark`` with a simulated board, and what it says of other boards."""

from dataclasses import replace

import numpy as np
import pytest

from threefold.cli import main
from threefold.network import Codes, save
from threefold.plan import save_plan
from threefold.plan.cycle_model.runs import run_cycles
from threefold.sim import golden

from ..accelerators import random_images, random_plan

RNG = np.random.default_rng(10)
PLAN = random_plan(RNG, Codes.unsigned(4), layers=2, argmax=True)
IMAGES = random_images(RNG, PLAN.network, 9)
CLASSES = golden.run(PLAN.network, IMAGES).reshape(9)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("benchmark")
    save(PLAN.network, folder / "network.tern")
    save_plan(replace(PLAN, board="ulx3s_85f"), folder / "plan.json")
    np.savez(folder / "codes.npz", images=IMAGES.astype(np.uint8), labels=CLASSES)
    return folder


def run(capsys, folder, *options):
    status = main(["run", "--simulate", str(folder / "codes.npz"), "-q", *options])
    return status, capsys.readouterr()


def test_measured_and_predicted_are_beside_each_other(folder, capsys, monkeypatch):
    status, told = run(capsys, folder, "--benchmark", "3")
    cycles = run_cycles(PLAN.netlist.stages, 27)
    latency, interval = PLAN.cycles.latency, PLAN.cycles.interval
    rate = 27 * 75e6 / cycles
    assert told.out.splitlines() == [
        "images     9, 3 times, from the board's SDRAM",
        "accuracy   100.00%",
        "golden     equal",
        f"first      {latency:,} cycles, {latency:,} predicted",
        f"each       {interval:,} cycles, {interval:,} predicted",
        f"all        {cycles:,} cycles, {cycles:,} predicted",
        "stalls     0 cycles",
        f"rate       {rate:,.0f} images a second at 75 MHz",
    ]
    assert status == 0

    others = CLASSES.reshape(9, 1, 1, 1).copy()
    others[4] += 1
    monkeypatch.setattr(golden, "run", lambda *_: others)
    status, told = run(capsys, folder, "--benchmark", "1")
    assert status == 1
    assert "golden     DIFFERS for 1, the first of them 4" in told.out.splitlines()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--benchmark", "0"], "--benchmark must be at least 1, not 0"),
        (
            ["--benchmark", "1", "--width", "half"],
            "a benchmark computes the whole network; leave out --width",
        ),
    ],
)
def test_options_that_make_no_sense(folder, capsys, options, message):
    status, told = run(capsys, folder, *options)
    assert (status, told.err) == (2, f"threefold: error: {message}\n")


@pytest.mark.parametrize(
    ("board", "options", "message"),
    [
        (
            "icebreaker",
            [],
            "icebreaker has no SDRAM for the images of a benchmark; plan for another board",
        ),
        (
            "ulx3s_85f",
            ["--rtl-only"],
            "a benchmark is a part of bitstreams; leave out --bus and --rtl-only",
        ),
    ],
)
def test_boards_without_an_sdram_have_none(folder, tmp_path, capsys, board, options, message):
    line = ["build", folder / "network.tern", "--board", board, "-o", tmp_path, "--benchmark"]
    assert main([*map(str, line), "-q", *options]) == 2
    assert capsys.readouterr().err == f"threefold: error: {message}\n"
