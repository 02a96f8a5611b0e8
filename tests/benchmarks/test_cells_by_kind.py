import json
from pathlib import Path

import cells_by_kind
import pytest

from threefold.fpga import GENERIC, Resources
from threefold.fpga.ecp5 import ECP5
from threefold.plan import Folding, fold, lower
from threefold.plan.layers import ConvLayer
from threefold.references import tiny_conv

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
ROWS = {
    row["label"]: row for row in json.loads((BENCHMARKS / "cells_by_kind.json").read_text())["rows"]
}


@pytest.fixture(scope="module")
def plan():
    network = tiny_conv()
    arrays = [layer.name for layer in lower(network) if isinstance(layer, ConvLayer)]
    foldings = dict.fromkeys(arrays, Folding(2, 1))
    return fold(network, foldings | {arrays[0]: Folding(2, 1, 3)})


@pytest.mark.parametrize("family", [GENERIC, ECP5], ids=lambda family: family.name)
def test_kinds_are_all_there_is(plan, family):
    together = sum(cells_by_kind.cells_by_kind(plan, family).values(), Resources())
    expected = plan.resources(family)
    assert together.cells == pytest.approx(expected.cells)
    assert together.bram == expected.bram


def test_shares_of_lanes(plan):
    shares = cells_by_kind.lanes_used(plan)
    assert sum(shares.values()) == pytest.approx(1)
    # Three pixels do not divide the row.
    assert 0 < shares["beyond the row"] < shares["used"]


def test_places_of_cells(plan):
    engine = plan.units[0].instance
    top = f"link.accelerator.{engine}"
    cells = [
        {"path": f"{top}.array.pe_0.tree", "lut": 5},
        {"path": f"{top}.array.pe_1", "lut": 6},
        {"path": f"{top}.array.weights", "lut": 1, "bram": 2},
        {"path": f"{top}.reader.walker", "lut": 7},
        {"path": f"{top}.output.search_0", "lut": 3},
        {"path": f"{top}.drain", "lut": 4},
        {"path": "link.parser", "lut": 9},
        {"path": "", "lut": 8},
    ]
    placed = cells_by_kind.placed_by_kind(plan, ECP5, cells)
    assert {kind: count["lut"] for kind, count in placed.items()} == {
        "processing elements": 11,
        "weight memory": 1,
        "window reader": 7,
        "requantizer": 3,
        "serializer": 4,
        "board": 9,
        "unknown": 8,
    }
    assert placed["weight memory"]["bram"] == 2


def test_rows_of_other_labels_are_kept(tmp_path):
    path = tmp_path / "figures.json"
    for label, interval in (("before", 1), ("now", 2), ("before", 3)):
        cells_by_kind.keep(path, {"label": label, "interval": interval})
    rows = json.loads(path.read_text())["rows"]
    assert {row["label"]: row["interval"] for row in rows} == {"before": 3, "now": 2}


def test_recorded_lanes_of_resnet20_work_in_nearly_every_cycle():
    assert all(row["lanes_used"]["used"] >= 0.95 for row in ROWS.values())


def test_recorded_cells_are_fewer_than_before():
    sums = {
        label: sum(kind.get("cells_estimated", 0) for kind in row["kinds"].values())
        for label, row in ROWS.items()
    }
    assert ROWS["now"]["interval"] == ROWS["before"]["interval"]
    assert sums["now"] < 0.75 * sums["before"]
