"""Trial: a configuration trained, exported and measured."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from threefold import __version__
from threefold.network import Network
from threefold.progress import Progress, no_progress

from .data import Dataset
from .deploy import export, require_equal
from .models import Model
from .pruning import counts, select
from .training import Group, TrainConfig, accuracy, train_stages

__all__ = ["Trial", "run_trial"]

_TERNARY, _FLOAT = "checkpoint", "checkpoint_float"


@dataclass(frozen=True, eq=False)
class Trial:
    """Results of a trial.

    Parameters
    ----------
    network : Network
        Exported; every code of every held-out image equals PyTorch's. Its provenance tells data,
        recipe, seed, accuracies and versions, and of a pruned network the tiles of each layer.
    accuracy : mapping
        ``dataset``, ``images``, the share of them that the ``integer`` network classifies right,
        that of its narrower ``widths`` by name, if it has any, and that of the ``float`` network,
        where one was trained.
    more : mapping of str to mapping
        The same for further held-out sets, by name.
    losses : mapping of str to list of float
        Mean loss of each epoch, ``ternary`` and ``float``.
    """

    network: Network
    accuracy: Mapping
    more: Mapping[str, Mapping]
    losses: Mapping[str, list[float]]


def run_trial(
    dataset: Dataset,
    config: TrainConfig,
    name: str,
    *,
    folder: Path | None = None,
    twin: bool = True,
    argmax: bool = False,
    progress: Progress = no_progress,
    on_loss: Callable[[str, float], None] | None = None,
    group: Group | None = None,
) -> Trial | None:
    """Train ``config`` and its float twin, export, and measure both on what was held out.

    The accuracy of the quantized network is that of the exported one in the golden model, on
    which PyTorch has to agree code by code.

    Parameters
    ----------
    dataset : Dataset
    config : TrainConfig
    name : str
        Name of the network.
    folder : path, optional
        Where checkpoints are written, and taken up again: ``checkpoint*.pt``.
    twin : bool
        Whether to train the float network as well.
    argmax : bool
        As for :func:`export`.
    progress : Progress
        Told ``"ternary"``, ``"float"`` and ``"compare"``, each of which has a share of its own.
    on_loss : function, optional
        Called after every epoch with ``"ternary"`` or ``"float"`` and the mean loss.
    group : Group, optional
        Processes that train together, as for :func:`train`.

    Returns
    -------
    trial : Trial
        None in all processes of a group but the first, which exports and compares alone.

    Raises
    ------
    TrainingError
        As :func:`train` does.
    NetworkError
        As :func:`export` does.
    MismatchError
        If PyTorch and golden disagree.
    """
    configs = {"ternary": (_TERNARY, config)}
    if twin:
        configs["float"] = (_FLOAT, config.twin)
    models, losses = {}, {}
    for kind, (file, each) in configs.items():
        models[kind], losses[kind] = _train(
            dataset, each, folder, file, kind, progress, on_loss, group
        )
    if group is not None and not group.first:
        return None
    network = export(models["ternary"], name, argmax=argmax)
    more = _measure(dataset, models, network, progress)
    first = {"dataset": f"{dataset.name}, held out", **more.pop("")}
    provenance = {
        **({"classes": list(dataset.names)} if dataset.names else {}),
        **dataset.provenance,
        "accuracy": first,
        "dataset": dataset.name,
        "recipe": config.recipe,
        "seed": config.seed,
        "tools": {"threefold": __version__, "torch": torch.__version__},
    }
    if more:
        provenance["accuracy_on"] = more
    if config.pruning:
        provenance["pruning"] = counts(select(models["ternary"], config.pruning))
    return Trial(dataclasses.replace(network, provenance=provenance), first, more, losses)


def _measure(
    dataset: Dataset, models: Mapping[str, Model], network: Network, progress: Progress
) -> dict[str, dict]:
    """Accuracies on each held-out set, by its name; the first has none."""
    sets = {"": (dataset.test_images, dataset.test_labels), **dataset.more}
    done, total = 0, sum(len(labels) for _, labels in sets.values())
    figures = {}
    for key, (images, labels) in sets.items():

        def compared(what: str, share: float, done: int = done, images: int = len(labels)) -> None:
            progress(what, (done + share * images) / total)

        classes = require_equal(models["ternary"], network, images, compared)
        done += len(labels)
        right = {width: float(np.mean(each == labels)) for width, each in classes.items()}
        figures[key] = {"images": len(labels), "integer": right.pop(None)}
        if right:
            figures[key]["widths"] = right
        if "float" in models:
            figures[key]["float"] = accuracy(models["float"], images, labels)
    return figures


def _train(
    dataset: Dataset,
    config: TrainConfig,
    folder: Path | None,
    file: str,
    kind: str,
    progress: Progress,
    on_loss: Callable[[str, float], None] | None,
    group: Group | None,
):
    return train_stages(
        dataset,
        config,
        folder=folder,
        name=file,
        on_epoch=on_loss and (lambda _, loss: on_loss(kind, loss)),
        progress=lambda _, share: progress(kind, share),
        group=group,
    )
