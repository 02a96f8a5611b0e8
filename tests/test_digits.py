import json

import numpy as np
import pytest

from threefold import quant
from threefold.project import Project
from threefold.sim import golden

from .accelerators import engines
from .digits import dataset, network, trained
from .nightly import mostly_nightly

SEEDS = (0, 1, 2)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return Project.create(
        network(0), tmp_path_factory.mktemp("digits"), board="icebreaker", fastest=True
    )


@pytest.fixture(scope="module")
def simulated(project):
    return project.simulate(dataset().test_images, dataset().test_labels)


def test_the_test_split_is_what_it_should_be():
    assert dataset().test_images.shape == (360, 1, 1, 64)


@pytest.mark.parametrize("seed", mostly_nightly(SEEDS, always=[0]))
def test_golden_equals_pytorch_on_every_code(seed):
    images = dataset().test_images
    codes = golden.evaluate(network(seed), images)
    traced = quant.trace(trained(seed), images)
    assert sorted(traced) == ["act1", "act2", "logits"]
    for name, expected in traced.items():
        assert np.array_equal(codes[name], expected)
        assert expected.std() > 0


def test_hardware_equals_golden_on_every_code(project, simulated):
    outputs = sum(engine.layer.rows // engine.lanes for engine in engines(project.plan)) + 1
    assert simulated.images == 360
    assert simulated.beats == 360 * outputs
    assert np.array_equal(
        simulated.outputs.ravel(), golden.classes(network(0), dataset().test_images)
    )


def test_hardware_equals_golden_with_stalls(project, simulated):
    stalled = project.simulate(dataset().test_images, stalls=0.3, seed=1)
    assert stalled.beats == simulated.beats
    assert np.array_equal(stalled.outputs, simulated.outputs)


def test_accuracy_is_the_same_everywhere(project, simulated):
    images, labels = dataset().test_images, dataset().test_labels
    predictions = quant.trace(trained(0), images)["logits"].argmax(axis=-1).ravel()
    pytorch = float(np.mean(predictions == labels))
    record = json.loads((project.folder / "sim" / "simulation.json").read_text())
    assert golden.accuracy(network(0), images, labels) == pytorch
    assert float(np.mean(simulated.classes == labels)) == pytorch
    assert record["accuracy"] == pytorch
    assert quant.accuracy(trained(0), images, labels) == pytorch


def test_predicted_cycles_are_the_measured_ones(project, simulated):
    assert simulated.cycles == project.plan.cycles
    assert simulated.cycles.interval == project.plan.bottleneck.interval


@pytest.mark.nightly
def test_mean_accuracy():
    images, labels = dataset().test_images, dataset().test_labels
    found = [golden.accuracy(network(seed), images, labels) for seed in SEEDS]
    assert np.mean(found) >= 0.96
