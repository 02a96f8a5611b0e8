"""Progressive training: from float weights to few bits, one stage after the other."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

from threefold.progress import Progress, no_progress

from ..data import Dataset
from ..models import Model, load_pretrained
from .config import TrainConfig
from .distributed import Group
from .train import build, train
from .transfer import transfer

__all__ = ["checkpoint_names", "pretrained_model", "train_stages"]


def checkpoint_names(config: TrainConfig, name: str = "checkpoint") -> list[str]:
    """Files that the stages of a training write, the last one ``checkpoint.pt``."""
    return [f"{name}_stage{n}.pt" for n in range(1, len(config.stages) + 1)] + [f"{name}.pt"]


def train_stages(
    dataset: Dataset,
    config: TrainConfig,
    *,
    folder: Path | None = None,
    name: str = "checkpoint",
    on_epoch: Callable[[int, float], None] | None = None,
    progress: Progress = no_progress,
    group: Group | None = None,
) -> tuple[Model, list[float]]:
    """Train a model through all stages of ``config``, each from what the one before has learned.

    The last float stage is the teacher of those behind it that distill; in front of all, a
    pretrained network of the same classes is.

    Parameters
    ----------
    dataset : Dataset
    config : TrainConfig
    folder : path, optional
        Where checkpoints are written, and taken up again.
    name : str
        How their names begin.
    on_epoch, progress
        As for :func:`train`; epochs are counted over all stages.
    group : Group, optional
        As for :func:`train`.

    Returns
    -------
    model : Model
        That of the last stage, in evaluation mode.
    losses : list of float
        Mean loss of each epoch of all stages.

    Raises
    ------
    TrainingError
        As :func:`train` and :func:`load_pretrained` do.
    """
    model, teacher, losses = None, None, []
    if config.pretrained is not None:
        model, whole = pretrained_model(dataset, config)
        teacher = model if whole else None
    for stage, file in zip(config.trainings, checkpoint_names(config, name), strict=True):
        before, model = model, build(stage, dataset)
        if before is not None:
            transfer(before, model)
        done = len(losses)
        losses += train(
            model,
            dataset,
            stage,
            teacher=teacher,
            checkpoint=folder and folder / file,
            on_epoch=on_epoch and (lambda epoch, loss, done=done: on_epoch(done + epoch, loss)),
            progress=lambda what, share, done=done, stage=stage: progress(
                what, (done + share * stage.epochs) / config.total_epochs
            ),
            group=group,
        )
        if not stage.ternary:
            teacher = model
    return model, losses


def pretrained_model(dataset: Dataset, config: TrainConfig) -> tuple[Model, bool]:
    """The float network that the first stage starts from, and whether its classes are the data's.

    Raises
    ------
    TrainingError
        As :func:`load_pretrained` does, of the file ``config.pretrained``.
    """
    model = build(dataclasses.replace(config.twin, dynamic=()), dataset)
    whole = load_pretrained(model, config.pretrained)
    return model.eval(), whole
