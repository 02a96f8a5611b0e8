import json
from pathlib import Path

import matrix_units
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
RECORDED = json.loads((BENCHMARKS / "matrix_units.json").read_text())["rows"]
ROWS = {(row["unit"], row["family"]): row for row in RECORDED}


def test_cycles_are_those_recorded():
    for name, plan in matrix_units.plans():
        for family in matrix_units.FAMILIES:
            row = ROWS[name, family]
            assert (row["interval"], row["latency"]) == (plan.cycles.interval, plan.cycles.latency)


@pytest.mark.parametrize(("family", "most"), [("ice40", 500), ("ecp5", 530)])
def test_an_accumulator_for_every_row_is_small(family, most):
    row = ROWS["stationary", family]
    engines = [each for each in RECORDED if each["unit"].startswith("engine")]
    assert row["interval"] <= 66
    assert row["lut"] <= most < min(each["lut"] for each in engines if each["family"] == family)
