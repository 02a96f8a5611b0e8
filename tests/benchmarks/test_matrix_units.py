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


@pytest.mark.parametrize(("family", "most"), [("ice40", 500), ("ecp5", 520)])
def test_an_accumulator_for_every_row_is_small(family, most):
    row = ROWS["stationary", family]
    engines = [
        each["lut"]
        for each in RECORDED
        if each["unit"].startswith("engine")
        and each["family"] == family
        and each["interval"] <= row["interval"]
    ]
    assert row["interval"] <= 66
    assert row["lut"] <= most < min(engines)


@pytest.mark.parametrize("family", ["ice40", "ecp5"])
def test_serial_sums_take_fewer_luts_and_cycles_than_engines(family):
    row = ROWS["serial, digits of 4 bits", family]
    assert row["lut"] * row["interval"] <= 17_000
    for name in ("engine, 32 × 16", "engine, 32 × 32"):
        engine = ROWS[name, family]
        assert row["lut"] * row["interval"] < engine["lut"] * engine["interval"]
