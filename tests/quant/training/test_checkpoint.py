import dataclasses
import hashlib
import io
import pickle
import re

import numpy as np
import pytest
import torch

from threefold.errors import TrainingError
from threefold.quant import build, train
from threefold.quant.training import checkpoint
from threefold.quant.training.checkpoint import load_checkpoint

FRESH = "delete it, or start anew with --fresh"
ADVICE = f"{FRESH}, or choose another place"


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


def test_is_taken_up_by_other_means(dataset, once, path):
    means = {"threads": 2, "graphs": False}
    losses = train(build(once, dataset), dataset, once, checkpoint=path)
    config = dataclasses.replace(once, **means)
    assert train(build(config, dataset), dataset, config, checkpoint=path) == losses
    rewrite(path, config={**read(path)["config"], "device": "cuda", "compiled": True, "threads": 4})
    assert train(build(once, dataset), dataset, once, checkpoint=path) == losses


@pytest.mark.parametrize("saved", [False, True])
def test_an_optimizer_stays_on_its_device(dataset, once, path, saved):
    optimizer = read(path)["optimizer"]
    for group in optimizer["param_groups"]:
        group["capturable"] = saved
    rewrite(path, optimizer=optimizer)
    model = build(once, dataset)
    mine = torch.optim.AdamW(
        [
            {"params": [p for p in model.parameters() if p.ndim >= 2]},
            {"params": [p for p in model.parameters() if p.ndim < 2]},
        ]
    )
    load_checkpoint(path, path.read_bytes(), model, mine, [], dataset.digest(), once)
    assert not any(group["capturable"] for group in mine.param_groups)


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
    file = io.BytesIO()
    torch.save({**read(path), **changes}, file)
    seal(path, file.getvalue())


def read(path):
    return torch.load(io.BytesIO(path.read_bytes()[:-32]), weights_only=True)


def seal(path, content):
    path.write_bytes(content + hashlib.sha256(content).digest())


def test_of_another_format(dataset, once, path):
    rewrite(path, format=99)
    with refused(path, f"is of format 99, not 4; {ADVICE}"):
        train(build(once, dataset), dataset, once, checkpoint=path)


def moments_of_another_shape(path):
    optimizer = read(path)["optimizer"]
    kept = optimizer["state"][0]
    key = next(key for key, value in kept.items() if torch.is_tensor(value) and value.ndim)
    kept[key] = torch.ones(2, 3)
    return {"optimizer": optimizer}


@pytest.mark.parametrize(
    "changes",
    [
        lambda path: {"model": {}},
        lambda path: {"model": {"layers.0.weight": torch.ones(2)}},
        lambda path: {"optimizer": {}},
        moments_of_another_shape,
        lambda path: {"parts": [{}]},
    ],
    ids=["no model", "another model", "no optimizer", "other moments", "more parts"],
)
def test_with_a_state_that_does_not_fit(dataset, once, path, changes):
    rewrite(path, **changes(path))
    message = f"^the state in {re.escape(str(path))} does not fit the training; {FRESH}$"
    with pytest.raises(TrainingError, match=message):
        train(build(once, dataset), dataset, once, checkpoint=path)


def damages(content):
    """One bit of all, at 40 places from the first byte to the last of the digest; half the file."""
    for place in np.linspace(0, len(content) - 1, 40).astype(int).tolist():
        yield content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :]
    yield content[: len(content) // 2]
    yield b""


def test_that_is_damaged(dataset, once, path):
    model = build(once, dataset)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters())
    message = f"does not match its SHA-256: it is damaged, or of an earlier version; {FRESH}"
    for content in damages(path.read_bytes()):
        with refused(path, message):
            load_checkpoint(path, content, model, optimizer, [], dataset.digest(), once)
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key])


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("code from a checkpoint was run",))


@pytest.mark.parametrize(
    "content",
    [b"", b"not a checkpoint", pickle.dumps({"model": Bomb()}), pickle.dumps([1, 2])],
    ids=["empty", "text", "code", "list"],
)
def test_that_is_no_checkpoint(dataset, once, path, content):
    seal(path, content)
    with refused(path, f"is not a checkpoint of this version; {FRESH}"):
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
