import json
from pathlib import Path

import convolutions
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
ROWS = {
    row["network"]: row
    for row in json.loads((BENCHMARKS / "convolutions.json").read_text())["rows"]
}


def test_every_network_is_recorded():
    assert list(ROWS) == list(convolutions.CASES)


@pytest.mark.parametrize("name", ["lenet", "cnv", "ds_cnn", "tiny_conv"])
def test_predictions_are_those_recorded(name):
    cycles = convolutions.folded(name).cycles
    assert ROWS[name]["predicted"] == {"latency": cycles.latency, "interval": cycles.interval}


@pytest.mark.parametrize("name", ["lenet", "ds_cnn", "tiny_conv"])
def test_shares_are_those_recorded(name):
    row, plan = ROWS[name], convolutions.folded(name)
    cycles = plan.cycles
    (name,) = row["bottleneck"]
    assert plan.schedules[name].cycles == row["utilization"] * cycles.interval
    share = convolutions.inside(plan.schedules[name]) / cycles.interval
    assert [round(share, 4)] * 2 == row["utilization_without_padding"]


def test_tiles_in_the_padding_are_counted_one_by_one():
    schedule = convolutions.folded("ds_cnn").schedules["conv"]
    window = schedule.layer.window
    (top, left, _, _), (height, width, _) = window.padding, window.shape
    count = 0
    for y in range(25):
        for x in range(5):
            for _, row, column, _ in schedule.tiles:
                count += 0 <= 2 * y - top + row < height and 0 <= 2 * x - left + column < width
    assert convolutions.inside(schedule) == count
