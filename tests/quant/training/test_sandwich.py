import dataclasses

import numpy as np
import pytest
import torch
from torch.nn import functional

from threefold.errors import TrainingError
from threefold.quant import TrainConfig, accuracy, build, export, require_equal, train
from threefold.quant.layers import integers
from threefold.quant.training.sandwich import Sandwich, recalibrate


class StopError(Exception):
    pass


def interrupt(done, loss):
    raise StopError


@pytest.fixture(scope="module")
def small():
    return TrainConfig(
        "digits", (32, 16), 2, epochs=2, dynamic=(0.25, (0.5, 1), 0.75), ema=0.9, sandwich=1
    )


@pytest.fixture(scope="module")
def model(small, dataset):
    made = build(small, dataset)
    train(made, dataset, small)
    return made


def test_every_width_learns(model, dataset):
    held_out = dataset.test_images, dataset.test_labels
    for width in model.widths:
        with model.at(width):
            assert accuracy(model, *held_out) > 0.4
    assert accuracy(model, *held_out) > 0.7
    require_equal(model, export(model, "digits"), dataset.test_images)


def test_resumed_training_gives_what_uninterrupted_training_gives(small, model, dataset, tmp_path):
    path = tmp_path / "checkpoint.pt"
    part, rest = build(small, dataset), build(small, dataset)
    with pytest.raises(StopError):
        train(part, dataset, small, checkpoint=path, on_epoch=interrupt)
    train(rest, dataset, small, checkpoint=path)
    again = build(small, dataset)
    train(again, dataset, small, checkpoint=path)
    for other in (rest, again):
        assert model.state_dict().keys() == other.state_dict().keys()
        for key, value in model.state_dict().items():
            assert torch.equal(value, other.state_dict()[key]), key


def objective_of(model, images, others, step=0, compiled=False):
    part = Sandwich(model, images.numpy(), others=others, batch=8, seed=0, compiled=compiled)
    part.load_state_dict({"steps": step})
    model.train()
    logits = model(images).value
    return part.objective(images, logits), logits


@pytest.fixture
def started(small, dataset):
    made = build(small, dataset)
    images = integers(dataset.train_images[:32])
    made.train()(images)
    return made, images


def test_narrower_networks_learn_from_the_whole(started):
    model, images = started
    loss, logits = objective_of(model, images, others=2)
    expected = 0
    for width in model.widths:
        with model.at(width):
            own = functional.log_softmax(model(images).value, 1)
        expected -= (own * logits.softmax(1)).sum(1).mean()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    model.zero_grad()
    loss.backward()
    used = model.layers[0].weight.grad != 0
    assert used[:24].any()
    assert not used[24:].any()  # nothing goes back through the soft labels


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the compiler itself
def test_compiled_narrower_networks_learn_the_same(started):
    model, images = started
    plain, _ = objective_of(model, images, others=2)
    for _ in range(2):  # of every width, compiled and taken again
        loss, _ = objective_of(model, images, others=2, compiled=True)
        assert loss.item() == pytest.approx(plain.item(), rel=1e-4)


def test_a_step_has_the_narrowest_and_others_at_random(started):
    model, images = started
    seen = []

    def record(layer, inputs):
        seen.append(model.width)

    model.register_forward_pre_hook(record)
    for step in range(12):
        objective_of(model, images, others=1, step=step)
    rounds = [tuple(seen[i : i + 3]) for i in range(0, len(seen), 3)]
    assert set(rounds) == {(None, "w50_100", "w25"), (None, "w75", "w25")}
    seen.clear()
    objective_of(model, images, others=0)
    assert seen == [None, "w25"]
    seen.clear()
    objective_of(model, images, others=9)
    assert sorted(seen[1:-1]) == ["w50_100", "w75"]


def test_recalibration_gives_the_means_of_all_batches(started, dataset):
    model, images = started
    with model.at("w25"):
        sums = model.layers[0](model.read(images)).value
    before = model.layers[0].weight.clone()
    model.eval()
    recalibrate(model, images.numpy(), batch=12)
    batches = sums[np.random.default_rng(0).permutation(32)].split(12)
    mean = sum(len(part) * part.mean(0) for part in batches) / len(images)
    var = sum(len(part) * part.var(0) for part in batches) / len(images)
    norm = model.layers[1]
    assert torch.allclose(norm.running_mean_w25, mean, atol=1e-5)
    assert torch.allclose(norm.running_var_w25, var, rtol=1e-4)
    assert torch.allclose(norm.running_mean[:8], norm.running_mean_w25, atol=1e-5)
    assert (norm.momentum, model.training, model.width) == (0.1, False, None)
    assert torch.equal(before, model.layers[0].weight)


def test_statistics_of_widths_differ_behind_the_first_layer(model):
    norm = model.layers[4]
    assert not np.allclose(norm.running_mean[:4], norm.running_mean_w25, atol=1e-3)


def test_a_model_without_the_widths(small, dataset):
    plain = build(dataclasses.replace(small, dynamic=()), dataset)
    with pytest.raises(
        TrainingError,
        match=r"^the model has widths none, but w25, w50_100, w75 are to be trained; build it "
        r"with the configuration$",
    ):
        train(plain, dataset, small)


def test_the_float_twin_has_the_same_widths(small, dataset):
    twin = build(small.twin, dataset)
    assert twin.widths == ["w25", "w50_100", "w75"]
    images = integers(dataset.train_images[:8])
    with twin.at("w25"):
        assert twin.train()(images).value.shape == (8, 10)
