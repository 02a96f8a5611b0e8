import dataclasses

import dynamic_widths as benchmark
import pytest

from threefold.quant import PRESETS, digits


def test_networks_within_one_are_measured_beside_those_alone():
    config = dataclasses.replace(
        PRESETS["digits"], widths=(16, 16), epochs=1, batch=128, dynamic=(0.5,)
    )
    run = benchmark.measure(digits(), config)
    assert {kind: list(run[kind]) for kind in ("within", "alone")} == {
        "within": ["whole", "w50"],
        "alone": ["whole", "w50"],
    }
    assert 0.2 < run["within"]["whole"] != run["alone"]["whole"] > 0.2


def test_means_and_rows():
    runs = [
        {"seed": seed, "within": {"whole": 0.9 + seed / 10}, "alone": {"whole": 0.5}}
        for seed in (0, 1)
    ]
    summary = benchmark.summarize(runs)
    assert summary["within"]["whole"]["mean"] == pytest.approx(0.95)
    assert summary["within"]["whole"]["standard_deviation"] == pytest.approx(0.1 / 2**0.5)
    assert summary["alone"]["whole"] == {"mean": 0.5, "standard_deviation": 0.0}
    rows = benchmark.table("digits", PRESETS["digits"], summary)
    assert [next(iter(column.cells)) for column in rows.columns] == [
        *("whole", "64-64", "95.00% ± 7.07%", "50.00% ± 0.00%")
    ]
