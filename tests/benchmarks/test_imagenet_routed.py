import json
from pathlib import Path

import imagenet
import imagenet_routed
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
RECORDED = json.loads((BENCHMARKS / "imagenet_routed.json").read_text())


@pytest.mark.parametrize("name", RECORDED)
def test_cycles_and_clock_are_those_recorded(name):
    case, own = imagenet_routed.CASES[name], RECORDED[name]
    found = imagenet_routed.predicted(imagenet.plan_for(case), case)
    assert found == {key: own[key] for key in found}
    assert own["simulated"]["latency"] == own["latency"]


@pytest.mark.parametrize("name", RECORDED)
def test_it_is_on_the_device_without_a_multiplier(name):
    for each in RECORDED[name]["seeds"].values():
        assert each["used"]["dsp"] == 0
        assert all(each["used"][kind] <= count for kind, count in each["available"].items())
        clock_mhz = min(each["clock_mhz_held"], RECORDED[name]["clock_mhz"])
        rate = clock_mhz * 1e6 / RECORDED[name]["interval"]
        assert each["images_per_second"] == round(rate, 2)


def test_fifty_images_a_second_one_at_a_time():
    seeds = RECORDED["resnet18"]["seeds"].values()
    assert max(each["images_per_second"] for each in seeds) >= 50
