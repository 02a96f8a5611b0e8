"""Checkpoint of a training: one file, rewritten after every epoch."""

import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path

import torch

from threefold.errors import TrainingError
from threefold.files import write_file

from ..data import Dataset
from ..models import Model
from .config import TrainConfig
from .part import Part

__all__ = ["load_checkpoint", "read_checkpoint", "save_checkpoint"]

_FORMAT = 3


def save_checkpoint(
    path: Path | str,
    losses: list[float],
    model: Model,
    optimizer: torch.optim.Optimizer,
    parts: Sequence[Part],
    dataset: Dataset,
    config: TrainConfig,
) -> None:
    """Write the state after ``len(losses)`` epochs, at once or not at all.

    Raises
    ------
    BuildError
        If the file cannot be written.
    """
    state = _identity(model, dataset, config)
    state["model"] = model.state_dict()
    state["optimizer"] = optimizer.state_dict()
    state["parts"] = [part.state_dict() for part in parts]
    state["losses"] = losses
    file = io.BytesIO()
    torch.save(state, file)
    write_file(path, file.getvalue())


def read_checkpoint(path: Path | str) -> bytes | None:
    """What is in the file ``path``; none if there is no such file.

    Raises
    ------
    TrainingError
        If it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TrainingError(f"cannot read {path}: {error.strerror}") from None


def load_checkpoint(
    path: Path | str,
    content: bytes | None,
    model: Model,
    optimizer: torch.optim.Optimizer,
    parts: Sequence[Part],
    dataset: Dataset,
    config: TrainConfig,
) -> list[float]:
    """Put model, optimizer and parts into the state of the file ``path``, if there is one.

    Only tensors and plain values are read from it, never code.

    Returns
    -------
    losses : list of float
        Losses of the epochs done; none if ``content`` is None.

    Raises
    ------
    TrainingError
        If the file is damaged, or is of another network, other data or another configuration.
    """
    if content is None:
        return []
    mine = _identity(model, dataset, config)
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        its = {key: state[key] for key in mine}
        its["config"] = dict(its["config"])
        losses = [float(loss) for loss in state["losses"]]
        weights, moments = dict(state["model"]), dict(state["optimizer"])
        memories = list(state["parts"])
    except Exception:  # a damaged file makes torch.load raise nearly anything
        raise TrainingError(
            f"{path} is not a checkpoint of this version, or is damaged; delete it to start anew"
        ) from None
    _require_same(path, its, mine)
    try:
        model.load_state_dict(weights)
        optimizer.load_state_dict(moments)
        for part, memory in zip(parts, memories, strict=True):
            part.load_state_dict(_on(model.device, memory))
    except (RuntimeError, ValueError, KeyError, TypeError, AttributeError):
        raise TrainingError(f"{path} is damaged; delete it to start anew") from None
    return losses


def _on(device: torch.device, value):
    """``value`` with its tensors on ``device``, however deep in mappings and lists they are."""
    if isinstance(value, torch.Tensor):
        return value.to(device)
    if isinstance(value, dict):
        return {key: _on(device, each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_on(device, each) for each in value)
    return value


def _identity(model: Model, dataset: Dataset, config: TrainConfig) -> dict:
    return {
        "format": _FORMAT,
        "network": f"{model.input}: {model.layers}",
        "data": dataset.digest(),
        "config": config.choices(),
    }


def _require_same(path: Path, its: dict, mine: dict) -> None:
    advice = "delete it to start anew, or choose another place"
    if its["format"] != mine["format"]:
        raise TrainingError(f"{path} is of format {its['format']!r}, not {_FORMAT}; {advice}")
    if its["config"] != mine["config"]:
        usual = {field.name: field.default for field in dataclasses.fields(TrainConfig)}
        theirs, ours = usual | its["config"], usual | mine["config"]
        changes = [
            f"{key} {theirs[key]}, not {ours.get(key)}"
            for key in theirs
            if theirs[key] != ours.get(key)
        ]
        raise TrainingError(f"{path} was trained with {'; '.join(changes)}; {advice}")
    for key, what in (("network", "another network"), ("data", "other data")):
        if its[key] != mine[key]:
            raise TrainingError(f"{path} is a checkpoint of {what}; {advice}")
