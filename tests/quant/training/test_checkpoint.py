import dataclasses
import pickle
import re

import pytest
import torch

from threefold.errors import TrainingError
from threefold.quant import build, train
from threefold.quant.training import checkpoint

ADVICE = "delete it to start anew, or choose another place"


@pytest.fixture
def once(brief):
    return dataclasses.replace(brief, epochs=1)


@pytest.fixture
def path(dataset, once, tmp_path):
    path = tmp_path / "checkpoint.pt"
    train(build(once, dataset), dataset, once, checkpoint=path)
    return path


def refused(path, message):
    return pytest.raises(TrainingError, match=f"^{re.escape(str(path))} {message}$")


def test_of_another_configuration(dataset, once, path):
    config = dataclasses.replace(once, seed=1, rate=0.02)
    message = rf"was trained with rate 0\.01, not 0\.02; seed 0, not 1; {ADVICE}"
    with refused(path, message):
        train(build(config, dataset), dataset, config, checkpoint=path)


def test_of_another_network(dataset, once, path):
    model = build(once.twin, dataset)
    with refused(path, f"is a checkpoint of another network; {ADVICE}"):
        train(model, dataset, once, checkpoint=path)


def test_of_other_data(dataset, once, path):
    images = dataset.train_images[::-1]
    other = dataclasses.replace(dataset, train_images=images)
    with refused(path, f"is a checkpoint of other data; {ADVICE}"):
        train(build(once, other), other, once, checkpoint=path)


def rewrite(path, **changes):
    torch.save({**torch.load(path, weights_only=True), **changes}, path)


def test_of_another_format(dataset, once, path):
    rewrite(path, format=99)
    with refused(path, f"is of format 99, not 3; {ADVICE}"):
        train(build(once, dataset), dataset, once, checkpoint=path)


@pytest.mark.parametrize(
    "changes", [{"model": {}}, {"optimizer": {}}, {"model": {"layers.0.weight": torch.ones(2)}}]
)
def test_with_the_wrong_state(dataset, once, path, changes):
    rewrite(path, **changes)
    with refused(path, "is damaged; delete it to start anew"):
        train(build(once, dataset), dataset, once, checkpoint=path)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("code from a checkpoint was run",))


@pytest.mark.parametrize(
    "content",
    [b"", b"not a checkpoint", pickle.dumps({"model": Bomb()}), pickle.dumps([1, 2]), "half"],
    ids=["empty", "text", "code", "list", "half"],
)
def test_that_is_no_checkpoint(dataset, once, path, content):
    half = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(half if content == "half" else content)
    message = "is not a checkpoint of this version, or is damaged; delete it to start anew"
    with refused(path, message):
        train(build(once, dataset), dataset, once, checkpoint=path)


def test_that_cannot_be_read(dataset, once, tmp_path):
    with pytest.raises(TrainingError, match=f"^cannot read {re.escape(str(tmp_path))}: .+$"):
        train(build(once, dataset), dataset, once, checkpoint=tmp_path)


def test_what_parts_remember_goes_to_the_device():
    memory = {"steps": 3, "average": {"a": torch.ones(2)}, "pairs": [(torch.ones(1), "b")]}
    moved = checkpoint._on(torch.device("meta"), memory)
    assert moved["steps"] == 3
    assert moved["average"]["a"].device.type == "meta"
    assert moved["pairs"][0][0].device.type == "meta"
    assert moved["pairs"][0][1] == "b"
