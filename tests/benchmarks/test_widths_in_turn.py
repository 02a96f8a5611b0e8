import dataclasses
import json
from pathlib import Path

import pytest
import widths
import widths_in_turn as benchmark

from threefold.plan import Folding
from threefold.quant import PRESETS

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
RECORD = json.loads((BENCHMARKS / "widths_in_turn.json").read_text())


@pytest.mark.nightly
def test_a_case_is_measured(monkeypatch):
    small = dataclasses.replace(PRESETS["digits"], widths=(8, 8), epochs=1)
    monkeypatch.setitem(PRESETS, "digits", small)
    monkeypatch.setitem(widths.CASES, "digits", widths.Case("digits", "icebreaker", 256, 6))
    case = benchmark.Case({"fc1..fc3": Folding(4, 4)}, 6)
    monkeypatch.setitem(benchmark.CASES, "digits", case)
    figures = benchmark.measure("digits")
    assert set(figures["widths"]) == {"whole", "w50", "w25"}
    require_as_said(figures)


def require_as_said(figures):
    """What the page says of each case."""
    intervals = {name: each["interval"] for name, each in figures["widths"].items()}
    assert intervals["w25"] <= intervals["w50"] < intervals["whole"]
    assert intervals["whole"] <= figures["interval_single"]
    single, several = (figures["stored"][kind] for kind in ("single", "several"))
    assert single["weights"] <= several["weights"] < 1.001 * single["weights"]
    assert several["thresholds"] > single["thresholds"]


def test_every_case_is_recorded():
    assert set(RECORD) == set(benchmark.CASES)
    for name, figures in RECORD.items():
        assert figures["simulated"] == benchmark.CASES[name].images
        require_as_said(figures)
    given = RECORD["resnet20"]
    assert given["widths"]["whole"]["interval"] == given["interval_single"]
