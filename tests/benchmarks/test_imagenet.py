import json
from pathlib import Path

import imagenet
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
RECORDED = json.loads((BENCHMARKS / "imagenet.json").read_text())


@pytest.mark.parametrize("name", ["resnet18", "resnet18, 75 % pruned"])
def test_figures_are_those_recorded(name):
    case = imagenet.CASES[name]
    found = json.loads(json.dumps(imagenet.figures(imagenet.plan_for(case), case.clock_mhz)))
    recorded = RECORDED["networks"][name]
    assert found == {key: recorded[key] for key in found}


def test_all_cases_are_recorded():
    assert RECORDED["networks"].keys() == imagenet.CASES.keys()


def test_cycles_simulated_are_those_predicted():
    simulated = {name: each for name, each in RECORDED["networks"].items() if "simulated" in each}
    assert "resnet18" in simulated
    for each in simulated.values():
        assert each["simulated"]["latency"] == each["latency"]


def test_an_image_is_simulated_in_minutes():
    simulated = RECORDED["networks"]["resnet18"]["simulated"]
    assert simulated["planned_seconds"] < 60
    assert simulated["seconds"] < 600
