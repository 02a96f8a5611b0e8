import dataclasses
import json
from pathlib import Path

import pruning
import pruning_plot as picture
import pytest

from threefold.quant import build, digit_maps
from threefold.quant.pruning import Pruning, prune, select

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
ROWS = json.loads((BENCHMARKS / "pruning.json").read_text())["rows"]


def row(method, fraction, interval, accuracy, seed=0):
    return {
        "network": "net",
        "method": method,
        "fraction": fraction,
        "seed": seed,
        "cycles": {"interval": interval},
        "accuracy": accuracy,
    }


MADE = [
    row("none", 0.0, 1000, 0.9, 0),
    row("none", 0.0, 1000, 0.8, 1),
    row("wpc", 0.5, 500, 0.8, 0),
    row("wpc", 0.5, 500, 0.9, 1),
    row("wpc", 0.75, 250, 0.7),
    row("lasso", 0.5, 500, 0.75),
    row("lasso", 0.75, 125, 0.65),
]


def test_every_point_is_recorded():
    recorded = {}
    for each in ROWS:
        of_seed = recorded.setdefault((each["network"], each["seed"]), [])
        of_seed.append((each["method"], each["fraction"]))
    for points in recorded.values():
        assert points == pruning.points([m for m in pruning.METHODS if any(m in p for p in points)])


def test_an_untrained_network_is_measured():
    case = pruning.CASES["lenet-digits"]
    case = dataclasses.replace(case, config=dataclasses.replace(case.config, widths=(16, 8, 8)))
    dataset = digit_maps()
    model = build(case.config, dataset)
    how = Pruning(tile=case.tile, fraction=0.5)
    whole = pruning.measure(model, dataset, case, None)
    prune(select(model, how), how.fraction)
    half = pruning.measure(model, dataset, case, how)
    assert whole["tiles_skipped"] == 0
    assert half["tiles_skipped"] == half["tiles_in_all"] // 2 == whole["tiles_in_all"] // 2
    assert half["tiles"]["conv2"] == {
        "tile": [2, 4],
        "whole_kernel": False,
        "tiles": 144,
        "pruned": 72,
    }
    assert half["cycles"]["interval"] * 2 == whole["cycles"]["interval"] == 144 * 16
    assert half["simulated"] is None


def test_a_curve_begins_with_the_whole_network():
    assert picture.curve(MADE, "net", "wpc") == [
        {
            "fraction": 0.0,
            "interval": 1000,
            "mean": pytest.approx(0.85),
            "low": 0.8,
            "high": 0.9,
        },
        {"fraction": 0.5, "interval": 500, "mean": pytest.approx(0.85), "low": 0.8, "high": 0.9},
        {"fraction": 0.75, "interval": 250, "mean": 0.7, "low": 0.7, "high": 0.7},
    ]


def test_margins_are_taken_at_equal_cycles():
    assert picture.margins(MADE) == {"net": {"50%": 0.1, "75%": 0.0}}
    assert picture.margins([each for each in MADE if each["method"] != "lasso"]) == {}


def test_the_same_picture_from_the_same_figures(tmp_path):
    files = tmp_path / "a.svg", tmp_path / "b.svg"
    for file in files:
        picture.plot(MADE, file)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].read_text().startswith("<?xml")
