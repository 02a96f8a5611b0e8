import json
import runpy
from pathlib import Path

import pytest

from threefold.boards import get
from threefold.network import load
from threefold.planning import plan_for_board

from ..nightly import mostly_nightly

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
ROWS = {
    row["board"]: row for row in json.loads((BENCHMARKS / "every_board.json").read_text())["rows"]
}
ONE_OF_EACH_FAMILY = {row["family"]: name for name, row in ROWS.items()}.values()
script = runpy.run_path(str(BENCHMARKS / "every_board.py"))


@pytest.mark.parametrize("name", mostly_nightly(ROWS, always=ONE_OF_EACH_FAMILY))
def test_recorded_plan_is_the_one_made_now(name):
    row, device = ROWS[name], get(name).device
    plan = plan_for_board(load(script["NETWORK"]), name)
    assert row["foldings"] == {key: [each.pe, each.simd] for key, each in plan.foldings().items()}
    assert row["interval"] == plan.cycles.interval
    assert (row["device"], row["family"]) == (device.name, device.family.title)
    for resource, used in row["utilization"].items():
        assert used["used"] <= used["available"] == getattr(device, resource)


def test_rows_of_other_boards_are_kept(tmp_path):
    path = tmp_path / "figures.json"
    for row in (ROWS["ulx3s_12f"], {"board": "icebreaker"}, ROWS["icebreaker"]):
        script["keep"](path, row)
    assert json.loads(path.read_text())["rows"] == [ROWS["icebreaker"], ROWS["ulx3s_12f"]]
