import json
from pathlib import Path

import first_layers
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
RECORDED = json.loads((BENCHMARKS / "first_layers.json").read_text())["rows"]
ROWS = {(row["family"], row["network"], tuple(row["folding"])): row for row in RECORDED}
POINTS = [
    (network, folding) for network, foldings in first_layers.POINTS.items() for folding in foldings
]


@pytest.mark.parametrize(("network", "folding"), POINTS)
def test_cycles_and_estimates_are_those_recorded(network, folding):
    plan = first_layers.make_plan(network, folding)
    for family in first_layers.FAMILIES:
        row = ROWS[family, network, folding]
        expected = first_layers.estimate(family, plan)
        assert {key: row[key] for key in expected} == expected


@pytest.mark.parametrize("family", first_layers.FAMILIES)
def test_estimates_are_near(family):
    rows = [row for row in RECORDED if row["family"] == family]
    errors = [abs(row["cells_estimated"] / row["cells"] - 1) for row in rows]
    assert sum(errors) / len(errors) <= 0.12
    assert max(errors) <= 0.25
    assert all(abs(row["bram_estimated"] - row["bram"]) <= 1 for row in rows)


@pytest.mark.parametrize("family", first_layers.FAMILIES)
@pytest.mark.parametrize("network", first_layers.POINTS)
def test_rows_of_the_kernel_take_fewer_cycles_for_their_cells(family, network):
    """Than channels, and than as many lanes along pixels: what the planner can gain by them."""
    channels, pixels, rows, *_ = (
        ROWS[family, network, folding] for folding in first_layers.POINTS[network]
    )
    lanes = rows["folding"][1] / channels["folding"][1]
    assert rows["interval"] < 1.1 * channels["interval"] / lanes
    assert rows["cells"] < lanes * channels["cells"]
    assert rows["cells"] < pixels["cells"]


@pytest.mark.nightly
@pytest.mark.parametrize("family", first_layers.FAMILIES)
def test_synthesis_is_what_was_recorded(family):
    measured = first_layers.measure(family, "lenet", (6, 5))
    assert measured["cells"] == pytest.approx(ROWS[family, "lenet", (6, 5)]["cells"], rel=0.1)
