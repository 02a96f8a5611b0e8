import json
from pathlib import Path

import pareto
import pytest
import units_plot

from threefold.planning import plan_for_board

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
RECORD = json.loads((BENCHMARKS / "pareto.json").read_text())
ROWS = RECORD["rows"]


def recorded(name):
    return json.loads((BENCHMARKS / f"{name}.json").read_text())


@pytest.mark.nightly
def test_plans_are_those_recorded():
    made = [
        (point.kinds, pareto.described(point.plan), point.plan.cycles.interval)
        for point in pareto.points()
    ]
    assert made == [(row["kinds"], row["units"], row["interval"]) for row in ROWS]


@pytest.mark.parametrize("kinds", pareto.KINDS)
def test_a_recorded_plan_is_made_again(kinds):
    """At 32 cycles engines are cheapest, and units of several kinds would wait for each other."""
    row = next(row for row in ROWS if row["kinds"] == kinds and row["wanted"] == 32)
    network = pareto.network_of(pareto.TASKS["chain"])
    plan = plan_for_board(network, pareto.BOARD, interval=32, kinds=pareto.KINDS[kinds])
    assert (pareto.described(plan), plan.cycles.interval) == (row["units"], row["interval"])


def test_further_kinds_of_units_are_no_worse():
    """By what was synthesised, for each number of cycles that engines take; plans are estimates."""
    engines, every = (
        [(row["interval"], row["lut"]) for row in ROWS if row["kinds"] == kinds]
        for kinds in pareto.KINDS
    )
    for cycles, lut in engines:
        assert min(each for interval, each in every if interval <= cycles) <= 1.01 * lut


def test_front_leaves_out_what_is_slower_and_no_smaller():
    points = [(5, 5), (1, 9), (5, 6), (3, 9), (9, 5), (7, 2)]
    assert units_plot.front(points) == [(1, 9), (5, 5), (7, 2)]


def test_plot_is_the_same_for_the_same_figures(tmp_path):
    unrolled = recorded("unrolled")["rows"]["sums"]["threefold"]["ecp5"]
    for name in ("a.svg", "b.svg"):
        units_plot.plot(recorded("matrix_units"), unrolled, RECORD, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (ROOT / "docs" / "units.svg").read_bytes() == (tmp_path / "a.svg").read_bytes()
