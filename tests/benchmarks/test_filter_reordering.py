import importlib.util
import json
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

spec = importlib.util.spec_from_file_location(
    "filter_reordering", BENCHMARKS / "filter_reordering.py"
)
filter_reordering = importlib.util.module_from_spec(spec)
spec.loader.exec_module(filter_reordering)

ROWS = json.loads((BENCHMARKS / "filter_reordering.json").read_text())["rows"]


def test_every_point_is_recorded():
    assert {(row["pe"], row["simd"], row["pruned"]) for row in ROWS} == {
        (*folding, pruned)
        for folding in filter_reordering.FOLDINGS
        for pruned in filter_reordering.PRUNED
    }


@pytest.mark.parametrize("point", [(8, 8, 0.75), (4, 8, 0.5)])
def test_tiles_are_those_recorded(point):
    measured = filter_reordering.measure(*point)
    assert measured in ROWS
    assert measured["left_aligned"] < 0.9 * measured["left"] < measured["tiles"]
