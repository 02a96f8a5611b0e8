"""Training of a model, deterministic and resumable."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from threefold.errors import TrainingError
from threefold.progress import Progress, no_progress

from ..data import Dataset, ImageFiles
from ..layers import integers
from ..models import NETWORKS, Kit, Model, slim, unwrapped_model
from .checkpoint import load_checkpoint, read_checkpoint, save_checkpoint
from .config import TrainConfig
from .distributed import Group
from .ema import MovingAverage
from .loop import Loop, repeatable
from .part import Part
from .prune import Pruner
from .quantizers import ClampThresholds, ThresholdsFirst, thresholds
from .sandwich import Sandwich

__all__ = ["accuracy", "build", "train"]

_BATCH = 128  # images at a time where nothing is learned


def build(config: TrainConfig, dataset: Dataset) -> Model:
    """The untrained model of a configuration, with its narrower networks.

    Raises
    ------
    TrainingError
        If the network cannot have the widths.
    """
    kit = Kit(
        config.codes,
        config.weights,
        per_filter=config.per_filter,
        seed=config.seed,
        tight=config.tight,
        weight_bits=config.weight_bits,
        first=config.first,
        last=config.last,
    )
    definition = NETWORKS[config.network]
    model = definition(dataset.input, config.widths, dataset.classes, kit)
    for name, widths in config.narrower.items():
        slim(model, name, definition(dataset.input, widths, dataset.classes, kit))
    return model


def train(
    model: Model,
    dataset: Dataset,
    config: TrainConfig,
    *,
    teacher: Model | None = None,
    checkpoint: Path | str | None = None,
    on_epoch: Callable[[int, float], None] | None = None,
    progress: Progress = no_progress,
    group: Group | None = None,
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
    teacher : Model, optional
        Whose logits a configuration with ``distill`` learns from.
    checkpoint : path, optional
        Written after every epoch. If it exists, training goes on from there.
    on_epoch : function, optional
        Called with the number of epochs done and the mean loss of the last one.
    progress : Progress
        Told ``"train"`` after every batch.
    group : Group, optional
        Processes that train it together, each of which calls this function with the same
        arguments; see :func:`processes`. Every batch is shared by them, and the result is that
        of one process but for the order of float sums.

    Returns
    -------
    losses : list of float
        Mean loss of each epoch, those before an interruption included.

    Raises
    ------
    TrainingError
        If the loss is no longer finite, the device or the teacher is missing, the model has
        other widths, the checkpoint is of another training or damaged, there are more processes
        than images in a batch, or one of them has ended.
    NetworkError
        If it is no model, or not in single precision.
    BuildError
        If the checkpoint cannot be written.
    """
    group = group or Group()
    with group.agree():
        model = unwrapped_model(model)
        _require_able(model, config, teacher, group)
        model.to(group.place(config.device))
    group.align(model)
    parts = _parts(config, model, dataset)
    losses: list[float] = []

    def on_step(share: float) -> None:
        progress("train", (len(losses) + share) / config.epochs)

    loop = Loop(model, dataset, config, parts, teacher, on_step, group)
    if checkpoint is not None:
        trained = (model, loop.optimizer, parts, dataset.digest(), config)
        content = group.from_first(lambda: read_checkpoint(checkpoint))
        with group.agree():
            losses = load_checkpoint(checkpoint, content, *trained)
        if losses and on_epoch:
            on_epoch(len(losses), losses[-1])
    with repeatable(config.threads):
        on_step(0.0)
        for epoch in range(len(losses), config.epochs):
            loss = loop.epoch(epoch)
            with group.agree():
                _require_finite(loss, epoch, config)
            losses.append(loss)
            if checkpoint is not None:
                group.from_first(lambda: save_checkpoint(checkpoint, losses, *trained))
            if on_epoch:
                on_epoch(len(losses), loss)
    for part in parts:
        part.finish(model)
    model.eval()
    return losses


def _require_able(model: Model, config: TrainConfig, teacher: Model | None, group: Group) -> None:
    if config.device == "cuda" and not torch.cuda.is_available():
        raise TrainingError("PyTorch finds no CUDA device; train on device cpu")
    if config.distill and teacher is None:
        raise TrainingError(
            f"distill {config.distill:g} needs a teacher; put a float stage in front"
        )
    if sorted(model.widths) != sorted(config.narrower):
        raise TrainingError(
            f"the model has widths {', '.join(model.widths) or 'none'}, but "
            f"{', '.join(config.narrower) or 'none'} are to be trained; build it with the "
            "configuration"
        )
    if config.batch < group.world:
        raise TrainingError(
            f"{group.world} processes cannot share a batch of {config.batch} images; start fewer"
        )


def _require_finite(loss: float, epoch: int, config: TrainConfig) -> None:
    if not math.isfinite(loss):
        raise TrainingError(
            f"the loss is {loss} in epoch {epoch + 1}; train at a lower rate than {config.rate:g}"
        )


@torch.no_grad()
def accuracy(model: Model, images: np.ndarray | ImageFiles, labels: np.ndarray) -> float:
    """Share of images classified right by ``model`` in evaluation mode, 0…1.

    On a tie the lowest class wins, as everywhere.

    Raises
    ------
    NetworkError
        If the model is not in single precision.
    """
    model = unwrapped_model(model)
    was_training = model.training
    model.eval()
    batches = (images[start : start + _BATCH] for start in range(0, len(images), _BATCH))
    classes = [
        model(integers(batch, model.device)).value.cpu().numpy().argmax(axis=1) for batch in batches
    ]
    model.train(was_training)
    return float(np.mean(np.concatenate(classes) == labels))


def _parts(config: TrainConfig, model: Model, dataset: Dataset) -> Sequence[Part]:
    """What the configuration asks for beside plain training, in the order it is applied."""
    parts: list[Part] = []
    if thresholds(model):
        parts.append(ClampThresholds())
        if config.two_pass:
            parts.append(ThresholdsFirst(config))
    if config.pruning and config.pruning.stage is None:
        parts.append(Pruner(config.pruning, config.epochs))
    if config.ema:
        parts.append(MovingAverage(config.ema))
    if config.dynamic:
        options = {
            "others": config.sandwich,
            "batch": config.batch,
            "seed": config.seed,
            "compiled": config.compiled,
        }
        parts.append(Sandwich(model, dataset.train_images, **options))  # of the final parameters
    return parts
