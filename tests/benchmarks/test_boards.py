import json
import re
from pathlib import Path

import pytest

from threefold.planning import plan_for_board

from ..digits import network

ROOT = Path(__file__).parents[2]
RECORD = json.loads((ROOT / "benchmarks" / "boards.json").read_text())
README = (ROOT / "README.md").read_text()


def test_recorded_foldings_are_those_planned_now():
    plan = plan_for_board(network(0), fastest=True)
    assert {n: f"{f.pe}x{f.simd}" for n, f in plan.foldings().items()} == RECORD["foldings"]
    assert {plan.cycles.latency} == {board["cycles"]["latency"] for board in RECORD["boards"]}


@pytest.mark.parametrize(
    ("label", "figure"),
    [
        ("Latency", lambda r: f"{r['cycles']['latency']} cycles"),
        ("Inferences a second", lambda r: f"{r['inferences_per_second']:,.0f}"),
        ("Fmax", lambda r: f"{r['fmax_mhz']:.1f} MHz"),
        ("Logic cells", lambda r: f"{r['utilization']['lut']['used']:,} of"),
        ("Block RAM", lambda r: f"{r['utilization']['bram']['used']} of"),
    ],
)
def test_readme_shows_the_recorded_figures(label, figure):
    (line,) = re.findall(rf"^    {label} .*$", README, re.MULTILINE)
    assert figure(RECORD["boards"][0]) in line
