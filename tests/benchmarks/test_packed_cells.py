import importlib.util
import json
from pathlib import Path

import pytest

from threefold import boards
from threefold.planning import plan_for_board

from ..nightly import mostly_nightly

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

spec = importlib.util.spec_from_file_location("packed_cells", BENCHMARKS / "packed_cells.py")
packed_cells = importlib.util.module_from_spec(spec)
spec.loader.exec_module(packed_cells)

RECORDED = json.loads((BENCHMARKS / "packed_cells.json").read_text(encoding="utf-8"))
ROWS = {(row["network"], row["board"], row["fastest"]): row for row in RECORDED["rows"]}
SOME = [
    ("dense 64-32-10, 2 bits", "icebreaker", False),
    ("DS-CNN, 24 filters, 2 bits", "icebreaker", False),
    ("residual 8 × 8, 8 filters, 2 bits", "ulx3s_25f", False),
]


@pytest.mark.parametrize(("case", "board", "fastest"), mostly_nightly(ROWS, always=SOME))
def test_plan_is_what_was_recorded(case, board, fastest):
    row, family = ROWS[case, board, fastest], boards.get(board).family
    plan = plan_for_board(packed_cells.CASES[case](), board, fastest=fastest)
    expected = plan.resources(family)
    foldings = " ".join(str(each).replace("×", "x") for each in plan.foldings().values())
    assert (row["foldings"], row["interval"]) == (foldings, plan.cycles.interval)
    assert abs(row["cells_estimated"] - expected.cells) <= 1
    assert row["bram_estimated"] == expected.bram
    assert row["ff_estimated"] == round(expected.flip_flops)


@pytest.mark.nightly
def test_packing_is_what_was_recorded():
    case, board = "series of 128, 8 filters, 2 bits", "icebreaker"
    row, measured = ROWS[case, board, False], packed_cells.measure(case, board)
    assert measured["cells"] == pytest.approx(row["cells"], rel=0.02)


@pytest.mark.parametrize("board", packed_cells.BOARDS)
def test_recorded_errors(board):
    errors = RECORDED["errors"][board]
    assert errors == packed_cells.errors(RECORDED["rows"])[board]
    assert [key for key in ROWS if key[1:] == (board, False)] == [
        (case, board, False) for case in packed_cells.CASES
    ]
    assert len(packed_cells.CASES) == 16
    assert errors["mean"] <= 0.1
    assert errors["bias"] >= -0.035
    assert errors["lowest"] >= -0.15


def test_every_plan_has_been_placed():
    assert all(row["placed"] for row in ROWS.values())
    assert all(row["placed_foldings"] == row["foldings"] for row in ROWS.values())


def test_flip_flops_are_not_underestimated():
    """Plans keep to 88 % of those that a device has."""
    for row in ROWS.values():
        assert 0.88 * row["ff"] <= row["ff_estimated"]


def test_kept_rows_keep_their_order_and_their_other_figures(tmp_path, monkeypatch):
    path, names = tmp_path / "record.json", list(packed_cells.CASES)
    monkeypatch.setattr(packed_cells, "find", lambda name: type("Tool", (), {"version": "1"}))
    keep, figures = packed_cells.keep, {"cells": 10, "cells_estimated": 11}
    keep(path, names[1], "icebreaker", figures)
    keep(path, names[0], "icebreaker", figures)
    keep(path, names[1], "icebreaker", {"placed": False, "error": "no place"})
    keep(path, names[1], "icebreaker", {"placed": True})
    keep(path, names[0], "icebreaker", figures | {"cells": 20}, fastest=True)
    document = json.loads(path.read_text(encoding="utf-8"))
    assert [(row["network"], row["fastest"]) for row in document["rows"]] == [
        (names[0], False),
        (names[1], False),
        (names[0], True),
    ]
    assert document["rows"][1] == figures | {
        "network": names[1],
        "board": "icebreaker",
        "fastest": False,
        "placed": True,
    }
    assert document["errors"]["icebreaker"]["mean"] == 0.1
