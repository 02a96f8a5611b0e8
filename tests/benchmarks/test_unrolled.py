import json
from pathlib import Path

import pytest
import unrolled

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
RECORDED = json.loads((BENCHMARKS / "unrolled.json").read_text())["rows"]


@pytest.mark.parametrize(
    ("task", "ice40", "ecp5"), [("sums", 6400, 5750), ("codes", 7200, 5900), ("chain", None, 9500)]
)
def test_fewer_luts_than_the_adder_graphs_of_da4ml(task, ice40, ecp5):
    ours, theirs = (RECORDED[task][whose] for whose in ("threefold", "da4ml"))
    for family, most in (("ice40", ice40), ("ecp5", ecp5)):
        assert ours[family]["lut"] < theirs[family]["lut"]
        assert most is None or ours[family]["lut"] <= most
    assert ours["interval"] == 1
    assert ours["compared"] == theirs["compared"] == unrolled.VECTORS


def test_sums_are_routed_at_200_mhz_with_the_best_seed():
    frequencies = RECORDED["sums"]["threefold"]["fmax_mhz"]
    assert len(frequencies) == len(unrolled.SEEDS)
    assert max(frequencies) >= 200
