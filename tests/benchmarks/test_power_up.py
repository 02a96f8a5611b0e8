import json
from pathlib import Path

import power_up
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
RECORDED = json.loads((BENCHMARKS / "power_up.json").read_text())


def test_the_plan_is_near_what_was_recorded():
    plan = power_up.make_plan(power_up.zoo_network())
    found = power_up.figures(plan)
    assert found == pytest.approx(RECORDED["plan"], rel=0.02)
    assert RECORDED["cycles"]["latency"] == RECORDED["plan"]["latency"]
    assert RECORDED["cycles"]["interval"] == RECORDED["plan"]["interval"]
    used = RECORDED["build"]["utilization"]
    assert used["spram"]["used"] == found["spram_estimated"] == 4


def test_30_images_a_second_at_a_clock_that_holds():
    build, interval = RECORDED["build"], RECORDED["cycles"]["interval"]
    assert build["clock_mhz"] <= build["fmax_mhz"]
    assert build["clock_mhz"] * 1e6 / interval >= 30
    assert RECORDED["board"]["images"] >= 20
