import importlib.util
import json
from pathlib import Path

import pytest

from threefold import fpga

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

spec = importlib.util.spec_from_file_location("resource_model", BENCHMARKS / "resource_model.py")
resource_model = importlib.util.module_from_spec(spec)
spec.loader.exec_module(resource_model)

MapPoint, Point = resource_model.MapPoint, resource_model.Point
RECORDED = json.loads((BENCHMARKS / "resource_model.json").read_text())
ROWS = {(row["family"], row["network"]): row for row in RECORDED["rows"]}
every_family = pytest.mark.parametrize("family", resource_model.FAMILIES)


@every_family
@pytest.mark.parametrize("point", resource_model.POINTS, ids=lambda point: point.name)
def test_estimate_is_what_was_recorded(family, point):
    row = ROWS[family, point.name]
    plan = resource_model.make_plan(point)
    expected = plan.resources(fpga.get(family))
    assert row["lut_estimated"] == round(expected.lut, 2)
    assert row["cells_estimated"] == round(expected.cells, 2)
    assert row["bram_estimated"] == expected.bram


@pytest.mark.nightly
@every_family
@pytest.mark.parametrize("point", [Point((64, 64, 10), 2, 0), MapPoint(4)], ids=lambda p: p.name)
def test_estimate_is_near_the_synthesis(family, point):
    measured = resource_model.measure(family, point)
    same = {name: measured[name] for name in ("lut", "cells", "ff")}
    assert measured == ROWS[family, point.name] | same
    assert measured["lut_estimated"] == pytest.approx(measured["lut"], rel=0.2)
    assert measured["cells_estimated"] == pytest.approx(measured["cells"], rel=0.2)
    assert abs(measured["bram_estimated"] - measured["bram"]) <= 1


@every_family
def test_recorded_error_is_what_the_model_states(family):
    error = RECORDED["errors"][family]
    assert error == resource_model.errors(RECORDED["rows"])[family]
    assert error["lut_mean"] <= 0.08
    assert error["lut_worst"] <= 0.20
    assert error["cells_mean"] <= 0.08
    assert error["cells_worst"] <= 0.16
    assert abs(error["cells_bias"]) <= 0.03
    assert error["bram_worst"] <= 3


@every_family
def test_constants_of_a_reader_are_those_that_were_fitted(family):
    cost = fpga.get(family).reader
    wanted = {name: getattr(cost, name) for name in ("each", "bare", "bare_beyond")}
    assert RECORDED["fitted"][family] == resource_model.fitted(RECORDED["rows"])[family] == wanted
