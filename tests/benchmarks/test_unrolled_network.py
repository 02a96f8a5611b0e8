import json
from pathlib import Path

import unrolled_network

from threefold.fpga.ecp5 import LFE5U_85F
from threefold.network import load

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
RECORDED = json.loads((BENCHMARKS / "unrolled_network.json").read_text())


def test_all_layers_of_weights_are_unrolled():
    plan = unrolled_network.unrolled(load(BENCHMARKS.parent / "zoo" / "digits.tern"))
    kinds = {unit.name: unit.kind for unit in plan.units}
    assert [kinds[name] for name in ("fc1", "fc2", "fc3")] == ["unrolled"] * 3


def test_a_network_takes_less_than_an_85f_has_at_an_image_a_cycle():
    cycles = {name: RECORDED[name] for name in ("latency", "interval")}
    assert RECORDED["measured"] == cycles
    assert cycles["interval"] == 1
    assert RECORDED["images"] == unrolled_network.IMAGES
    assert RECORDED["lut"] <= LFE5U_85F.lut
    assert RECORDED["ff"] <= LFE5U_85F.ff
