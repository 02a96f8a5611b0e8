"""Training, deterministic and resumable."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from ...errors import TrainingError
from ..data import Dataset
from ..layers import integers
from ..models import NETWORKS, Model
from .checkpoint import load_checkpoint, save_checkpoint
from .config import TrainConfig

__all__ = ["accuracy", "build", "train"]

_BATCH = 128  # images at a time where nothing is learned


def build(config: TrainConfig, dataset: Dataset, *, ternary: bool = True) -> Model:
    """The untrained model of a configuration, or its float twin."""
    return NETWORKS[config.network](
        dataset.input,
        config.widths,
        dataset.classes,
        config.bits,
        ternary=ternary,
        seed=config.seed,
    )


def train(
    model: Model,
    dataset: Dataset,
    config: TrainConfig,
    *,
    checkpoint: Path | str | None = None,
    on_epoch: Callable[[int, float], None] | None = None,
) -> list[float]:
    """Train ``model`` to the last epoch; the held-out images are never looked at.

    The same model, data and configuration give the same result on the same machine, no matter
    whether and where training was interrupted.

    Parameters
    ----------
    model : Model
        Trained in place; left in evaluation mode on the device of the configuration.
    dataset : Dataset
    config : TrainConfig
    checkpoint : path, optional
        Written after every epoch. If it exists, training goes on from there.
    on_epoch : function, optional
        Called with the number of epochs done and the mean loss of the last one.

    Returns
    -------
    losses : list of float
        Mean loss of each epoch, those before an interruption included.

    Raises
    ------
    TrainingError
        If the loss is no longer finite, the device is missing, or the checkpoint is of another
        training or damaged.
    BuildError
        If the checkpoint cannot be written.
    """
    if config.device == "cuda" and not torch.cuda.is_available():
        raise TrainingError("PyTorch finds no CUDA device; train on device cpu")
    model.to(config.device)
    optimizer = _optimizer(model, config)
    losses: list[float] = []
    if checkpoint is not None:
        losses = load_checkpoint(checkpoint, model, optimizer, dataset, config)
        if losses and on_epoch:
            on_epoch(len(losses), losses[-1])
    images = integers(dataset.train_images, model.device)
    labels = integers(dataset.train_labels, model.device)
    with _threads(config.threads):
        for epoch in range(len(losses), config.epochs):
            loss = _epoch(model, optimizer, images, labels, config, epoch)
            if not math.isfinite(loss):
                raise TrainingError(
                    f"the loss is {loss} in epoch {epoch + 1}; "
                    f"train at a lower rate than {config.rate:g}"
                )
            losses.append(loss)
            if checkpoint is not None:
                save_checkpoint(checkpoint, model, optimizer, losses, dataset, config)
            if on_epoch:
                on_epoch(len(losses), loss)
    model.eval()
    return losses


@torch.no_grad()
def accuracy(model: Model, images: np.ndarray, labels: np.ndarray) -> float:
    """Share of images classified right by ``model`` in evaluation mode, 0…1.

    On a tie the lowest class wins, as everywhere.
    """
    was_training = model.training
    model.eval()
    batches = integers(images, model.device).split(_BATCH)
    classes = [model(batch).value.cpu().numpy().argmax(axis=1) for batch in batches]
    model.train(was_training)
    return float(np.mean(np.concatenate(classes) == labels))


def _epoch(
    model: Model,
    optimizer: torch.optim.Optimizer,
    images: torch.Tensor,
    labels: torch.Tensor,
    config: TrainConfig,
    epoch: int,
) -> float:
    """One pass over all images; the mean loss."""
    for group in optimizer.param_groups:
        group["lr"] = config.rate_at(epoch)
    model.train()
    # An order that follows from seed and epoch alone needs no generator state to resume.
    order = np.random.default_rng((config.seed, epoch)).permutation(len(images))
    total = torch.zeros((), device=images.device)
    for batch in integers(order, images.device).split(config.batch):
        logits = model(images[batch]).value
        loss = functional.cross_entropy(logits, labels[batch], label_smoothing=config.smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.detach() * len(batch)
    return total.item() / len(images)


def _optimizer(model: Model, config: TrainConfig) -> torch.optim.Optimizer:
    parameters = list(model.parameters())
    groups = [
        {
            "params": [p for p in parameters if p.ndim >= 2],
            "weight_decay": config.weight_decay,
        },
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=config.rate, momentum=0.9, nesterov=True)
    return torch.optim.AdamW(groups, lr=config.rate)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Use ``count`` threads: their number decides the order of float sums."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
