import importlib.util
import json
from pathlib import Path

import pytest

from threefold import fpga
from threefold.plan.requantize import FORMS

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

spec = importlib.util.spec_from_file_location("requantizers", BENCHMARKS / "requantizers.py")
requantizers = importlib.util.module_from_spec(spec)
spec.loader.exec_module(requantizers)

RECORDED = json.loads((BENCHMARKS / "requantizers.json").read_text())
ROWS = {(row["family"], row["form"], row["point"]): row for row in RECORDED["rows"]}
every_family = pytest.mark.parametrize("family", requantizers.FAMILIES)
every_form = pytest.mark.parametrize("form", FORMS)


@every_family
@every_form
@pytest.mark.parametrize("point", requantizers.POINTS, ids=lambda point: point.name)
def test_estimate_is_what_was_recorded(family, form, point):
    row = ROWS[family, form, point.name]
    expected = requantizers.estimate(family, form, point)
    assert row["lut_estimated"] == round(expected.lut)
    packed = fpga.get(family).counts_bare_cells
    assert row["cells_estimated"] == round(expected.cells if packed else expected.lut)
    assert row["bram_estimated"] == expected.bram


@every_family
def test_recorded_error(family):
    error = RECORDED["errors"][family]
    assert error == requantizers.errors(RECORDED["rows"])[family]
    assert error["lut_mean"] <= 0.08
    assert error["cells_mean"] <= 0.08
    # One table of 128 rows takes 14 LUTs a bit on ECP5, which no other does.
    assert error["cells_worst"] <= {"ice40": 0.15, "ecp5": 0.26}[family]
    assert all(
        abs(row["bram_estimated"] - row["bram"]) <= 1
        for row in RECORDED["rows"]
        if row["family"] == family
    )


@pytest.mark.nightly
@every_family
def test_synthesis_is_what_was_recorded(family):
    point = requantizers.POINTS[2]
    measured = requantizers.measure(family, "sequential", point)
    assert measured["cells"] == pytest.approx(
        ROWS[family, "sequential", point.name]["cells"], rel=0.1
    )
