import importlib.util
import json
from pathlib import Path

import pytest

from threefold.boards import get
from threefold.plan import fit
from threefold.sim.faulty_line import FAULTS

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

spec = importlib.util.spec_from_file_location("link_faults", BENCHMARKS / "link_faults.py")
link_faults = importlib.util.module_from_spec(spec)
spec.loader.exec_module(link_faults)

RECORDED = json.loads((BENCHMARKS / "link_faults.json").read_text())["rows"]
FLOOD = "flood of questions"  # which takes its time
RECOVERY = 60_000  # cycles, with 6 images on their way, of which each takes 2,000
HARMLESS = 1000  # cycles, by which images differ whose codes are escaped


def check(rows):
    assert [row["fault"] for row in rows] == list(FAULTS)
    for row in rows:
        assert row["wrong"] == 0
        assert row["counted"] + row["harmless"] == row["faults"]
        assert row["fault"] == FLOOD or row["extra_cycles"] < RECOVERY
        assert row["fault"] == "stall" or row["uncounted_extra_cycles"] < HARMLESS
        assert row["fault"] == "stall" or row["counted"] > 0


@pytest.mark.nightly
@pytest.mark.parametrize("each", [2, 60])
def test_nothing_wrong_is_taken_for_right(tmp_path, each):
    plan = fit(link_faults.NETWORK, get("icebreaker").device)
    check(link_faults.measure(plan, tmp_path, each, seed=each))


def test_ten_thousand_faults_are_recorded():
    check(RECORDED)
    assert sum(row["faults"] for row in RECORDED) >= 10_000
