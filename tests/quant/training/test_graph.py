import dataclasses

import pytest
import torch

from threefold.quant import TrainConfig, build, train
from threefold.quant.layers import values_are_seen
from threefold.quant.training import graph, loop
from threefold.quant.training.graph import GraphedStep
from threefold.quant.training.quantizers import ThresholdsFirst
from threefold.quant.training.step import Step

CONFIG = TrainConfig(
    "digits", widths=(16,), bits=2, epochs=4, batch=32, optimizer="sgd", rate=0.05, ema=0.9
)


class Recorded:
    """Does again what a graph would, whose result stays where it is."""

    made = 0

    def __init__(self, function, stream, before):
        assert (before is None) == (Recorded.made == 0)
        assert not values_are_seen()
        Recorded.made += 1
        self.function = function
        self.result = torch.full((), torch.nan)

    def replay(self):
        assert values_are_seen()
        return self.result.copy_(self.function())


class Stream:
    def wait_stream(self, other):
        assert other is not self


@pytest.fixture
def on_cpu(monkeypatch):
    """Graphs that are no graphs, and what they are made of; how a loop decides is left out."""
    monkeypatch.setattr(Recorded, "made", 0)
    monkeypatch.setattr(graph, "_Recorded", Recorded)
    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "current_stream", Stream)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: torch.enable_grad())
    monkeypatch.setattr(loop, "_graphed", lambda model, config, parts, group: config.graphs)


@pytest.mark.parametrize("schedule", ["cosine", "step"])
def test_training_in_graphs_is_the_same_training(dataset, on_cpu, schedule):
    config = dataclasses.replace(CONFIG, schedule=schedule)
    captured, plain = build(config, dataset), build(config, dataset)
    losses = train(captured, dataset, config)
    # The rate changes with every epoch, or three times in all.
    assert Recorded.made == {"cosine": 4, "step": 3}[schedule]
    assert losses == train(plain, dataset, dataclasses.replace(config, graphs=False))
    for key, value in plain.state_dict().items():
        assert torch.equal(value, captured.state_dict()[key]), key


def test_warm_up_and_odd_batches_are_steps_as_they_are(on_cpu):
    taken = []

    def step(images, labels, share=1.0, *, plain=False):
        taken.append((len(images), plain))
        return torch.tensor(float(images.sum()))

    step.optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.5)
    graphed = GraphedStep(step, 4)

    def losses(*sizes, **options):
        batches = [torch.full((size,), 10.0 * index) for index, size in enumerate(sizes)]
        return [float(graphed(each, torch.zeros(len(each)), **options)) for each in batches]

    assert losses(4, plain=True) == [0]
    assert losses(3, 4, 4, 4) == [0, 40, 80, 120]
    assert taken == [(4, True), (3, True), (4, False), (4, False), (4, False)]
    assert Recorded.made == graphed.captures == 0
    assert losses(4, 2, 4) == [0, 20, 80]
    assert Recorded.made == graphed.captures == 1
    step.optimizer.param_groups[0]["lr"] = 0.25
    assert losses(1, 4, 4) == [0, 40, 80]
    assert Recorded.made == graphed.captures == 2


@pytest.mark.parametrize(
    ("changes", "device", "world", "graphed"),
    [
        ({}, "cuda", 1, True),
        ({"graphs": False}, "cuda", 1, False),
        ({}, "cpu", 1, False),
        ({}, "cuda", 2, False),
    ],
)
def test_where_there_are_graphs(dataset, changes, device, world, graphed):
    class Place:
        pass

    model, group = Place(), Place()
    model.device, group.world = torch.device(device), world
    config = dataclasses.replace(CONFIG, **changes)
    assert loop._graphed(model, config, [], group) == graphed
    assert not loop._graphed(model, config, [ThresholdsFirst(config)], group)


CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
ON_CUDA = dataclasses.replace(CONFIG, device="cuda")
RECIPES = {
    "sgd": {},
    "adamw": {"optimizer": "adamw", "rate": 0.01},
    "float": {"weights": "float"},
    "bfloat16": {"precision": "bfloat16"},
    "clip": {"weights": "clip"},
    "thresholds": {"weights": "tga"},
    "two passes": {"weights": "tga", "two_pass": True},
    "cosine": {"schedule": "cosine", "epochs": 3},
}


@CUDA
@pytest.mark.parametrize("name", RECIPES)
def test_on_a_gpu_a_graph_gives_what_steps_give(dataset, name):
    config = dataclasses.replace(ON_CUDA, **{"schedule": "step", "epochs": 2, **RECIPES[name]})
    captured, plain = build(config, dataset), build(config, dataset)
    losses = train(captured, dataset, config)
    expected = train(plain, dataset, dataclasses.replace(config, graphs=False))
    assert losses == pytest.approx(expected, rel=1e-3)
    assert losses[-1] < losses[0]


@CUDA
@pytest.mark.parametrize("name", ["sgd", "adamw", "thresholds"])
def test_on_a_gpu_a_resumed_training_is_an_uninterrupted_one(dataset, tmp_path, name):
    config = dataclasses.replace(ON_CUDA, **{**RECIPES[name], "epochs": 4, "schedule": "step"})
    whole, part, rest = (build(config, dataset) for _ in range(3))
    losses = train(whole, dataset, config)
    path = tmp_path / "checkpoint.pt"

    class StopError(Exception):
        pass

    def stop(done, loss):
        if done == 2:
            raise StopError

    with pytest.raises(StopError):
        train(part, dataset, config, checkpoint=path, on_epoch=stop)
    assert train(rest, dataset, config, checkpoint=path) == losses
    for key, value in whole.state_dict().items():
        assert torch.equal(value, rest.state_dict()[key]), key


@CUDA
def test_on_a_gpu_a_step_is_captured(dataset):
    model = build(ON_CUDA, dataset).cuda().train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    step = GraphedStep(Step(model, ON_CUDA, optimizer), 8)
    images = torch.from_numpy(dataset.train_images[:8]).cuda()
    labels = torch.from_numpy(dataset.train_labels[:8]).cuda()
    losses = [float(step(images, labels, plain=number == 0)) for number in range(8)]
    assert step.captures == 1
    assert losses[-1] < losses[0]
