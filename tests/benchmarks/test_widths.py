import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import scheduling
import widths as benchmark

from threefold.host import Scheduler
from threefold.quant import PRESETS

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
RECORD = json.loads((BENCHMARKS / "widths.json").read_text())


@pytest.mark.nightly
def test_a_case_is_measured(monkeypatch):
    small = dataclasses.replace(PRESETS["digits"], widths=(8, 8), epochs=1)
    monkeypatch.setitem(PRESETS, "digits", small)
    case = benchmark.Case("digits", "icebreaker", 256, 6, places=False)
    figures = benchmark.measure(case)
    assert list(figures["widths"]) == ["whole", "w50", "w25"]
    for each in figures["widths"].values():
        assert each["accuracy"] == np.mean([digit == "1" for digit in each["right"]])
    intervals = [each["interval"] for each in figures["widths"].values()]
    assert max(intervals) == intervals[0] == figures["interval_single"]


def test_every_case_is_recorded():
    assert set(RECORD) == set(benchmark.CASES)
    for name, figures in RECORD.items():
        assert figures["simulated"] == benchmark.CASES[name].images


def test_requests_are_served_in_time_or_dropped():
    scheduler = Scheduler([10, 2], [12, 3])
    found = scheduling.serve([0, 1, 2, 50], 15, scheduler, scheduler.pick)
    assert found == [0, 1, 1, 0]
    always = scheduling.serve([0, 1, 2, 50], 15, scheduler, scheduling.fixed(scheduler, 0))
    assert always == [0, None, None, 0]


@pytest.mark.parametrize("name", [name for name, case in benchmark.CASES.items() if not case.zoo])
def test_the_scheduler_is_right_more_often_than_any_fixed_width(name):
    policies = scheduling.measure(RECORD[name])["policies"]
    best = max(policies[width]["right_in_time"] for width in RECORD[name]["widths"])
    chosen = max(each["right_in_time"] for key, each in policies.items() if "kept" in key)
    assert chosen > best
    assert json.loads((BENCHMARKS / "scheduling.json").read_text())[name]["policies"] == policies
