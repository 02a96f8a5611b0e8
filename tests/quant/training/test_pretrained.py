import dataclasses

import numpy as np
import pytest
import torch
from published_resnet import PublishedResNet

from threefold.errors import TrainingError
from threefold.network import Codes, Tensor
from threefold.quant import (
    Dataset,
    Stage,
    TrainConfig,
    build,
    export,
    pretrained_model,
    require_equal,
    run_trial,
    train_stages,
)

WIDTHS = (4, 4, 6, 6)


@pytest.fixture(scope="module")
def photographs():
    """Noise in colour whose brightness is its class."""
    random = np.random.default_rng(0)
    labels = np.arange(24) % 3
    images = random.integers(0, 80, (24, 20, 20, 3)) + 80 * labels[:, None, None, None]
    images = images.astype(np.uint8)
    images_of = images[:16], labels[:16], images[16:], labels[16:]
    return Dataset("noise", *images_of, Tensor((20, 20, 3), Codes.signed(8)))


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "net.pth"
    torch.save(PublishedResNet(widths=WIDTHS, classes=3).state_dict(), path)
    return TrainConfig(
        "noise", widths=WIDTHS, network="resnet18", epochs=1, batch=8, pretrained=str(path)
    )


def test_training_starts_from_the_file(photographs, config):
    start, whole = pretrained_model(photographs, config)
    assert whole
    assert not start.training
    slow = dataclasses.replace(config, rate=1e-12)
    model, losses = train_stages(photographs, slow)
    anew = build(dataclasses.replace(config, pretrained=None), photographs)
    for name in ("layers.0.weight", "layers.4.body.0.weight"):
        learned = model.get_parameter(name)
        torch.testing.assert_close(learned, start.get_parameter(name))
        assert not torch.allclose(learned, anew.get_parameter(name), atol=1e-3)
    assert len(losses) == 1
    require_equal(model, export(model, "noise"), photographs.test_images)


def test_the_pretrained_network_is_the_teacher_of_the_first_stage(photographs, config, tmp_path):
    distilled = dataclasses.replace(config, distill=1.0, rate=1e-12)
    _, (loss,) = train_stages(photographs, distilled)
    _, (alone,) = train_stages(photographs, dataclasses.replace(distilled, distill=0.0))
    assert loss != alone
    torch.save(PublishedResNet(widths=WIDTHS, classes=5).state_dict(), tmp_path / "five.pth")
    other = dataclasses.replace(distilled, pretrained=str(tmp_path / "five.pth"))
    assert not pretrained_model(photographs, other)[1]
    with pytest.raises(TrainingError, match="needs a teacher; put a float stage in front"):
        train_stages(photographs, other)
    staged = dataclasses.replace(other, stages=(Stage(1),))
    assert len(train_stages(photographs, staged)[1]) == 2


def test_trial_and_twin_start_from_the_file(photographs, config):
    trial = run_trial(photographs, dataclasses.replace(config, rate=1e-12), "noise")
    recipe = trial.network.provenance["recipe"]
    assert ", from net.pth; last epoch" in recipe
    assert "/" not in recipe.partition("from")[2]  # the folder is nobody's business
    start, _ = pretrained_model(photographs, config)
    with torch.no_grad():
        classes = start(torch.from_numpy(photographs.test_images)).value.argmax(1).numpy()
    assert trial.accuracy["float"] == np.mean(classes == photographs.test_labels)


def test_of_another_network(photographs, config):
    with pytest.raises(TrainingError, match="the pretrained weights are those of another network"):
        train_stages(photographs, dataclasses.replace(config, widths=(4, 4, 6, 8)))
    with pytest.raises(TrainingError, match=r"cannot read missing\.pth: No such file"):
        train_stages(photographs, dataclasses.replace(config, pretrained="missing.pth"))
