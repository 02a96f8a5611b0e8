"""A configuration trained, exported and measured: what a figure of accuracy comes from."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from threefold import __version__
from threefold.network import Network

from .data import Dataset
from .deploy import export, require_equal
from .models import Model
from .pruning import counts, select
from .training import Group, TrainConfig, accuracy, train_stages

__all__ = ["Trial", "run_trial"]

_TERNARY, _FLOAT = "checkpoint", "checkpoint_float"
_Progress = Callable[[str, float, float], None]


@dataclass(frozen=True, eq=False)
class Trial:
    """What came out.

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
    on_progress: _Progress | None = None,
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
        Of the network.
    folder : path, optional
        Where checkpoints are written, and taken up again: ``checkpoint*.pt``.
    twin : bool
        Whether to train the float network as well.
    argmax : bool
        As for :func:`export`.
    on_progress : function, optional
        Called with ``"ternary"``, ``"float"`` or ``"compare"``, the part of its work that is
        done, 0…1, and the mean loss of the last epoch.
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
    report = on_progress or (lambda *_: None)
    configs = {"ternary": (_TERNARY, config)}
    if twin:
        configs["float"] = (_FLOAT, config.twin)
    models, losses = {}, {}
    for kind, (file, each) in configs.items():
        models[kind], losses[kind] = _train(dataset, each, folder, file, kind, report, group)
    if group is not None and not group.first:
        return None
    network = export(models["ternary"], name, argmax=argmax)
    more = _measure(dataset, models, network, report)
    first = {"dataset": f"{dataset.name}, held out", **more.pop("")}
    provenance = {
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
    dataset: Dataset, models: Mapping[str, Model], network: Network, report: _Progress
) -> dict[str, dict]:
    """Accuracies on each held-out set, by its name; the first has none."""
    sets = {"": (dataset.test_images, dataset.test_labels), **dataset.more}
    done, total = 0, sum(len(labels) for _, labels in sets.values())
    figures = {}
    for key, (images, labels) in sets.items():

        def on_batch(part: float, done: int = done, images: int = len(labels)) -> None:
            report("compare", (done + part * images) / total, float("nan"))

        classes = require_equal(models["ternary"], network, images, on_batch)
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
    report: _Progress,
    group: Group | None,
):
    epochs, loss = 0, float("nan")

    def on_epoch(done: int, mean: float) -> None:
        nonlocal epochs, loss
        epochs, loss = done, mean
        report(kind, epochs / config.total_epochs, loss)

    def on_step(images: int, of: int) -> None:
        report(kind, (epochs + images / of) / config.total_epochs, loss)

    report(kind, 0.0, loss)
    return train_stages(
        dataset,
        config,
        folder=folder,
        name=file,
        on_epoch=on_epoch,
        on_step=on_step,
        group=group,
    )
