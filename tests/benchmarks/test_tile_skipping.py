import json
from pathlib import Path

import pytest
import tile_skipping

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
ROWS = json.loads((BENCHMARKS / "tile_skipping.json").read_text())["rows"]
FIRST = ("conv1", "stem")  # 3 channels are one tile, so no kernel can be empty as a whole


def test_every_network_is_recorded():
    points = [(name, each) for name in tile_skipping.CASES for each in tile_skipping.GRANULARITIES]
    assert [(row["network"], row["kernel_positions"]) for row in ROWS] == points


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['network']}-{row['kernel_positions']}")
def test_a_quarter_of_the_tiles_takes_27_percent_at_most(row):
    assert row["interval_share"] <= 0.27
    assert row["bits_share"] <= 0.27
    for layer in row["layers"]:
        if row["kernel_positions"] == "one" or layer["name"] not in FIRST:
            for before, after in (layer["cycles"], layer["bits"]):
                assert after <= 0.27 * before


def test_figures_are_those_recorded():
    row = dict(ROWS[0])
    del row["simulated"]
    assert json.loads(json.dumps(tile_skipping.measure("cnv", "one"))) == row
