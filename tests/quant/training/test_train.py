import dataclasses

import pytest
import torch

from threefold.errors import TrainingError
from threefold.network import save
from threefold.quant import (
    PRESETS,
    accuracy,
    build,
    digit_maps,
    export,
    require_equal,
    train,
)

OPTIMIZERS = [
    {"optimizer": "adamw", "weight_decay": 0.01},
    {"optimizer": "sgd", "rate": 0.1, "schedule": "step"},
]


class StopError(Exception):
    pass


def interrupt_after(epochs):
    def on_epoch(done, loss):
        if done == epochs:
            raise StopError

    return on_epoch


def network_bytes(model, path):
    save(export(model, "digits"), path)
    return path.read_bytes()


@pytest.mark.parametrize("changes", OPTIMIZERS)
@pytest.mark.parametrize("weights", ["statistical", "float"])
def test_resumed_training_gives_what_uninterrupted_training_gives(
    dataset, brief, tmp_path, changes, weights
):
    config = dataclasses.replace(brief, weights=weights, **changes)
    path = tmp_path / "checkpoint.pt"
    whole, part, rest = (build(config, dataset) for _ in range(3))
    losses = train(whole, dataset, config)
    with pytest.raises(StopError):
        train(part, dataset, config, checkpoint=path, on_epoch=interrupt_after(2))
    seen = []
    resumed = train(
        rest, dataset, config, checkpoint=path, on_epoch=lambda *state: seen.append(state)
    )
    assert resumed == losses
    assert seen == [(i + 1, losses[i]) for i in (1, 2, 3)]
    for key, value in whole.state_dict().items():
        assert torch.equal(value, rest.state_dict()[key]), key
    assert losses[-1] < losses[0]


def test_same_seed_same_bytes(dataset, brief, trained, tmp_path):
    again = build(brief, dataset)
    train(again, dataset, brief)
    assert network_bytes(again, tmp_path / "a") == network_bytes(trained, tmp_path / "b")


def test_another_seed_another_network(dataset, brief, trained, tmp_path):
    config = dataclasses.replace(brief, seed=1)
    other = build(config, dataset)
    train(other, dataset, config)
    assert network_bytes(other, tmp_path / "a") != network_bytes(trained, tmp_path / "b")


def test_finished_training_is_not_repeated(dataset, brief, tmp_path):
    path = tmp_path / "checkpoint.pt"
    first, second = build(brief, dataset), build(brief, dataset)
    losses = train(first, dataset, brief, checkpoint=path)
    written = path.stat().st_mtime_ns
    assert train(second, dataset, brief, checkpoint=path) == losses
    assert path.stat().st_mtime_ns == written
    assert torch.equal(first.layers[0].weight, second.layers[0].weight)


def test_threads_and_algorithms_are_left_as_they_were(dataset, brief):
    def state():
        return torch.get_num_threads(), torch.backends.cudnn.deterministic

    before, within = state(), []
    config = dataclasses.replace(brief, epochs=1, threads=2)
    train(build(brief, dataset), dataset, config, progress=lambda *_: within.append(state()))
    assert set(within) == {(2, True)}
    assert state() == before


def test_accuracy_leaves_the_mode_alone(dataset, trained):
    trained.train()
    assert accuracy(trained, dataset.test_images, dataset.test_labels) > 0.9
    assert trained.training
    trained.eval()


def test_loss_that_is_not_a_number(dataset, brief, tmp_path):
    model = build(brief, dataset)
    with torch.no_grad():
        model.layers[-1].bias[0] = float("nan")
    with pytest.raises(
        TrainingError, match=r"^the loss is nan in epoch 1; train at a lower rate than 0\.01$"
    ):
        train(model, dataset, brief, checkpoint=tmp_path / "checkpoint.pt")
    assert not list(tmp_path.iterdir())


def test_without_a_cuda_device(dataset, brief, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    config = dataclasses.replace(brief, device="cuda")
    with pytest.raises(TrainingError, match=r"^PyTorch finds no CUDA device; train on device cpu$"):
        train(build(config, dataset), dataset, config)


@pytest.mark.parametrize("seed", [0, 2**31 - 1])
def test_every_epoch_shows_every_image_once_in_an_order_of_its_own(dataset, brief, seed):
    config = dataclasses.replace(brief, epochs=2, seed=seed)
    model, shown = build(config, dataset), []
    model.register_forward_pre_hook(lambda _, inputs: shown.append(inputs[0].flatten(1)))
    train(model, dataset, config)
    first, second = torch.cat(shown).split(len(dataset.train_images))
    assert not torch.equal(first, second)
    whole = sorted(dataset.train_images.reshape(-1, 64).tolist())
    assert sorted(first.tolist()) == sorted(second.tolist()) == whole


def test_seeds_have_orders_of_their_own(dataset, brief):
    starts = []
    for seed in (0, 1):
        config = dataclasses.replace(brief, epochs=1, seed=seed)
        model, shown = build(config, dataset), []
        model.register_forward_pre_hook(
            lambda _, inputs, shown=shown: shown.append(inputs[0].flatten(1))
        )
        train(model, dataset, config)
        starts.append(shown[0])
    assert not torch.equal(*starts)


def test_what_half_precision_has_trained_is_evaluated_exactly():
    dataset = digit_maps()
    changes = {"widths": (4, 8), "epochs": 1, "precision": "bfloat16"}
    config = dataclasses.replace(PRESETS["lenet-digits"], **changes)
    model, single = (build(config, dataset) for _ in range(2))
    train(model, dataset, config)
    train(single, dataset, dataclasses.replace(config, precision="float32"))
    assert not torch.equal(model.layers[0].weight, single.layers[0].weight)
    with torch.autocast("cpu", torch.bfloat16):
        require_equal(model, export(model, "lenet_digits"), dataset.test_images)


def test_a_lenet_learns_the_digits_and_keeps_its_codes():
    dataset = digit_maps()
    config = dataclasses.replace(PRESETS["lenet-digits"], widths=(8, 16), epochs=3)
    model = build(config, dataset)
    train(model, dataset, config)
    network = export(model, "lenet_digits")
    assert accuracy(model, dataset.test_images, dataset.test_labels) > 0.8
    require_equal(model, network, dataset.test_images[:100])
