import json
from pathlib import Path

import first_and_last
import pytest

import threefold
from threefold.network import Conv

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
ZOO = BENCHMARKS.parent / "zoo"
RECORDED = json.loads((BENCHMARKS / "first_and_last.json").read_text())
ROWS = {row["network"]: row for row in RECORDED["rows"]}


def test_cycles_measured_are_those_predicted():
    assert list(ROWS) == list(first_and_last.NETWORKS.values())
    for row in ROWS.values():
        assert row["measured"] == {"latency": row["latency"], "interval": row["interval"]}
        assert row["interval"] == first_and_last.INTERVAL


def test_only_the_first_and_the_last_layer_are_of_8_bits():
    network = threefold.load(ZOO / f"{first_and_last.NETWORKS['8 bits at both ends']}.tern")
    bits = [node.op.bits for node in network.nodes if isinstance(node.op, Conv)]
    assert bits[0] == bits[-1] == 8
    assert set(bits[1:-1]) == {2}


@pytest.mark.nightly
@pytest.mark.parametrize("name", first_and_last.NETWORKS.values())
def test_plans_are_near_those_recorded(name):
    found = first_and_last.figures(first_and_last.plan_of(threefold.load(ZOO / f"{name}.tern")))
    for key, figure in found.items():
        if key != "network":
            assert figure == pytest.approx(ROWS[name][key], rel=0.05)
