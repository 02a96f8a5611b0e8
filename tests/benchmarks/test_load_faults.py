import importlib.util
import json
from pathlib import Path

import pytest

from threefold.sim.faulty_line import FAULTS

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

spec = importlib.util.spec_from_file_location("load_faults", BENCHMARKS / "load_faults.py")
load_faults = importlib.util.module_from_spec(spec)
spec.loader.exec_module(load_faults)

RECORDED = json.loads((BENCHMARKS / "load_faults.json").read_text())["rows"]


def check(rows):
    assert [row["fault"] for row in rows] == list(FAULTS)
    for row in rows:
        assert row["wrong"] == 0
        assert row["loads"] >= row["faults"] > 0
    assert sum(row["again"] for row in rows) > 0


@pytest.mark.nightly
@pytest.mark.parametrize("each", [1, 20])
def test_no_wrong_network_is_taken(tmp_path, each):
    check(load_faults.measure(load_faults.make_plan(), tmp_path, each, seed=each))


def test_two_thousand_faults_are_recorded():
    check(RECORDED)
    assert sum(row["faults"] for row in RECORDED) >= 2000
