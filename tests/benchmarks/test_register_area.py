import importlib.util
import json
from pathlib import Path

import pytest

from ..nightly import mostly_nightly

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

spec = importlib.util.spec_from_file_location("register_area", BENCHMARKS / "register_area.py")
register_area = importlib.util.module_from_spec(spec)
spec.loader.exec_module(register_area)

RECORDED = {
    (row["family"], row["part"]): row
    for row in json.loads((BENCHMARKS / "register_area.json").read_text())["rows"]
}


@pytest.mark.parametrize("family", register_area.FAMILIES)
@pytest.mark.parametrize("part", mostly_nightly(register_area.PARTS, always=["registers"]))
def test_area_has_not_grown(family, part):
    measured, recorded = register_area.measure(family, part), RECORDED[family, part]
    assert all(measured[name] <= recorded[name] for name in ("lut", "ff", "bram", "packed"))


def test_timers_cost_nothing_where_they_are_left_out():
    for family in register_area.FAMILIES:
        with_timers, without = (
            RECORDED[family, part] for part in ("registers", "registers without timers")
        )
        assert with_timers["ff"] - without["ff"] > 5 * 32
        assert with_timers["lut"] - without["lut"] > 5 * 32


def test_every_part_is_recorded():
    assert set(RECORDED) == {
        (family, part) for family in register_area.FAMILIES for part in register_area.PARTS
    }
