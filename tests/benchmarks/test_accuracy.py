import runpy
from pathlib import Path

import pytest

from threefold.network import load
from threefold.quant import PRESETS, digits
from threefold.sim import golden

ROOT = Path(__file__).parents[2]
NETWORKS = sorted((ROOT / "zoo").glob("*.tern"))


def script(name):
    return runpy.run_path(str(ROOT / "benchmarks" / f"{name}.py"))


def test_the_page_holds_what_was_recorded():
    page = script("accuracy_page")
    assert page["PAGE"].read_text() == page["page"]()


def test_cards_tell_what_the_networks_hold():
    for path, text in script("zoo_cards")["pages"]().items():
        assert path.read_text() == text, path


@pytest.mark.parametrize("path", NETWORKS, ids=lambda path: path.stem)
def test_a_trained_network_is_the_one_on_record(path):
    network = load(path)
    preset = network.provenance["preset"]
    assert network.name == path.stem == preset.replace("-", "_")
    run = script("accuracy_page")["record"]()[preset]["runs"][0]
    config = PRESETS[preset]
    assert run["integer"] == network.provenance["accuracy"]["integer"]
    assert run["seed"] == network.provenance["seed"]
    assert network.provenance["recipe"] == config.recipe
    assert path.stat().st_size < 100_000


def test_the_digits_network_is_as_accurate_as_its_card_says():
    network, data = load(ROOT / "zoo" / "digits.tern"), digits()
    accuracy = golden.accuracy(network, data.test_images, data.test_labels)
    assert accuracy == network.provenance["accuracy"]["integer"]


def test_runs_of_a_record_from_before_an_option_was_there_are_kept():
    same = script("accuracy")["same_training"]
    now = {"config": {"epochs": 20, "rate": 0.1, "graphs": True, "dynamic": []}}
    assert same({"config": {"epochs": 20, "rate": 0.1}}, now)
    assert same(now, now)
    assert not same({"config": {"epochs": 10, "rate": 0.1}}, now)
    assert not same(
        {"config": {"epochs": 20, "rate": 0.1}}, {"config": now["config"] | {"graphs": False}}
    )
    assert not same({}, now)
