"""Checkpoint of a training: one file, rewritten after every epoch.

The file is what ``torch.save`` writes, followed by the SHA-256 of that, 32 bytes.
"""

import dataclasses
import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from threefold.errors import TrainingError
from threefold.files import write_file

from ..models import Model
from .config import MEANS, TrainConfig
from .part import Part

__all__ = ["load_checkpoint", "read_checkpoint", "save_checkpoint"]

_FORMAT = 4
_DIGEST = hashlib.sha256().digest_size  # bytes
_FRESH = "delete it, or start anew with --fresh"


def save_checkpoint(
    path: Path | str,
    losses: list[float],
    model: Model,
    optimizer: torch.optim.Optimizer,
    parts: Sequence[Part],
    data: str,
    config: TrainConfig,
) -> None:
    """Write the state after ``len(losses)`` epochs, at once or not at all.

    ``data`` is the digest of the data set.

    Raises
    ------
    BuildError
        If the file cannot be written.
    """
    state = _identity(model, data, config)
    state["model"] = model.state_dict()
    state["optimizer"] = optimizer.state_dict()
    state["parts"] = [part.state_dict() for part in parts]
    state["losses"] = losses
    file = io.BytesIO()
    torch.save(state, file)
    content = file.getvalue()
    write_file(path, content + hashlib.sha256(content).digest())


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
    data: str,
    config: TrainConfig,
) -> list[float]:
    """Put model, optimizer and parts into the state of the file ``path``, if there is one.

    Only tensors and plain values are read from it, never code. ``data`` is the digest of the data
    set.

    Returns
    -------
    losses : list of float
        Losses of the epochs done; none if ``content`` is None.

    Raises
    ------
    TrainingError
        If the file does not match its digest, is of another version, or is of another network,
        other data or another configuration.
    """
    if content is None:
        return []
    mine = _identity(model, data, config)
    content, digest = content[:-_DIGEST], content[-_DIGEST:]
    if hashlib.sha256(content).digest() != digest:
        raise TrainingError(
            f"{path} does not match its SHA-256: it is damaged, or of an earlier version; {_FRESH}"
        )
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        its = {key: state[key] for key in mine}
        its["config"] = _without_means(its["config"])
        losses = [float(loss) for loss in state["losses"]]
        weights, moments = dict(state["model"]), dict(state["optimizer"])
        memories = list(state["parts"])
    except Exception:  # a crafted file makes torch.load raise nearly anything
        raise TrainingError(f"{path} is not a checkpoint of this version; {_FRESH}") from None
    _require_same(path, its, mine)
    try:
        model.load_state_dict(weights)
        for group, known in zip(moments["param_groups"], optimizer.param_groups, strict=True):
            group.update({key: known[key] for key in ("capturable",) if key in known})
        optimizer.load_state_dict(moments)
        _require_shapes(optimizer)
        for part, memory in zip(parts, memories, strict=True):
            part.load_state_dict(_on(model.device, memory))
    except (RuntimeError, ValueError, KeyError, TypeError, AttributeError):
        raise TrainingError(f"the state in {path} does not fit the training; {_FRESH}") from None
    return losses


def _require_shapes(optimizer: torch.optim.Optimizer) -> None:
    """Check that what is known of each parameter has its shape; PyTorch takes any."""
    for parameter, known in optimizer.state.items():
        for key, value in known.items():
            if isinstance(value, torch.Tensor) and value.ndim and value.shape != parameter.shape:
                raise ValueError(f"{key} has shape {tuple(value.shape)}")


def _on(device: torch.device, value):
    """``value`` with its tensors on ``device``, however deep in mappings and lists they are."""
    if isinstance(value, torch.Tensor):
        return value.to(device)
    if isinstance(value, dict):
        return {key: _on(device, each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_on(device, each) for each in value)
    return value


def _identity(model: Model, data: str, config: TrainConfig) -> dict:
    return {
        "format": _FORMAT,
        "network": f"{model.input}: {model.layers}",
        "data": data,
        "config": _without_means(config.choices()),
    }


def _without_means(choices: Mapping) -> dict:
    """Of a configuration, what a training goes on with by other means: on another device, say."""
    return {key: value for key, value in choices.items() if key not in MEANS}


def _require_same(path: Path, its: dict, mine: dict) -> None:
    advice = f"{_FRESH}, or choose another place"
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
