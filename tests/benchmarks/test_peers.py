import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

spec = importlib.util.spec_from_file_location("peers", ROOT / "benchmarks" / "peers.py")
peers = importlib.util.module_from_spec(spec)
spec.loader.exec_module(peers)

RECORDED = json.loads((ROOT / "benchmarks" / "peers.json").read_text())
ROWS = {(row["pe"], row["simd"], row["bits"]): row for row in RECORDED["convolution"]}
NARROW = [row for row in RECORDED["convolution"] if row["bits"] == 4]
SIMULATED = [row for row in NARROW if row["simulated"]]


def test_every_folding_is_recorded():
    points = {(pe, simd, 4) for pe, simd in peers.FOLDINGS}
    assert set(ROWS) == points | {(pe, simd, 8) for pe, simd in peers.WIDE}
    assert {(row["pe"], row["simd"]) for row in SIMULATED} == set(peers.SIMULATED)


@pytest.mark.parametrize("point", ROWS)
def test_recorded_cycles_are_those_predicted_now(point):
    cycles = peers.plan_of(*point).cycles
    assert (cycles.latency, cycles.interval) == (ROWS[point]["latency"], ROWS[point]["interval"])


@pytest.mark.nightly
def test_synthesis_is_what_was_recorded():
    measured = peers.measure(2, 8)
    recorded = ROWS[2, 8, 4] | {"cells": pytest.approx(ROWS[2, 8, 4]["cells"], rel=0.05)}
    assert measured == recorded | {"ff": pytest.approx(recorded["ff"], rel=0.05)}


@pytest.mark.parametrize("point", peers.NNGEN, ids=lambda point: str(point["cycles"]))
def test_a_folding_is_faster_and_smaller_than_nngen(point):
    ours = peers.gain(NARROW, point)
    assert max(ours["latency"], ours["interval"]) < point["cycles"]
    assert ours["cells"] * 20 < point["cells"]
    assert ours["dsp"] == 0


@pytest.mark.parametrize("run", RECORDED["tiny_conv"], ids=lambda run: run["name"])
def test_tiny_conv_is_faster_than_rlx(run):
    assert run["cycles"] == run["predicted_cycles"]
    assert run["cycles"]["latency"] * 40 < peers.RLX["cycles"]
    assert run["fmax_mhz"] > peers.RLX["clock_mhz"]
    assert run["utilization"]["dsp"]["used"] == 0


def test_front_leaves_out_what_is_slower_and_no_smaller():
    points = [(5, 5), (1, 9), (5, 6), (3, 9), (9, 5), (7, 2)]
    rows = [{"latency": latency, "cells": cells} for latency, cells in points]
    assert [(row["latency"], row["cells"]) for row in peers.front(rows)] == [(1, 9), (5, 5), (7, 2)]


def test_plot_is_the_same_for_the_same_figures(tmp_path):
    for name in ("a.svg", "b.svg"):
        peers.plot(RECORDED["convolution"], tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (ROOT / "docs" / "foldings.svg").read_text().startswith("<?xml")
