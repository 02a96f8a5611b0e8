"""Evaluation: accuracy and confusion matrix of a network on labelled samples."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .confusion import confusion_matrix
from .errors import DataError
from .network import Network, class_count, class_names
from .progress import Progress, no_progress
from .sim import golden

__all__ = ["Evaluation", "evaluate"]

_BATCH = 256  # samples between two calls of progress


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Counts of a classifier's answers.

    Parameters
    ----------
    confusion : array of int64, shape (classes, classes)
        Samples by class, in rows, and by the class that the network gives, in columns.
    names : sequence of str
        What the classes are called.
    """

    confusion: np.ndarray
    names: Sequence[str]

    @property
    def samples(self) -> int:
        return int(self.confusion.sum())

    @property
    def right(self) -> int:
        """Samples that were given their own class."""
        return int(np.trace(self.confusion))

    @property
    def accuracy(self) -> float:
        """Share of samples that were given their own class, 0…1."""
        return self.right / self.samples

    @property
    def recall(self) -> list[float | None]:
        """Share of the samples of each class that were given it; None without samples."""
        return self._shares(self.confusion.sum(axis=1))

    @property
    def precision(self) -> list[float | None]:
        """Share of what was given each class that is of it; None if nothing was."""
        return self._shares(self.confusion.sum(axis=0))

    def _shares(self, counts: np.ndarray) -> list[float | None]:
        right = np.diag(self.confusion)
        return [
            int(hits) / int(count) if count else None
            for hits, count in zip(right, counts, strict=True)
        ]

    def to_json(self) -> dict:
        """Counts and shares, as JSON has them."""
        return {
            "samples": self.samples,
            "right": self.right,
            "accuracy": self.accuracy,
            "classes": list(self.names),
            "confusion": self.confusion.tolist(),
            "recall": self.recall,
            "precision": self.precision,
        }


def evaluate(
    network: Network,
    codes: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str] = (),
    *,
    progress: Progress = no_progress,
) -> Evaluation:
    """Evaluation of a network in the golden model.

    Parameters
    ----------
    network : Network
    codes : array of int, shape (samples, height, width, channels)
        Input codes.
    labels : array of int, shape (samples,)
    names : sequence of str
        Names of the classes, where the network does not tell.
    progress : Progress
        Told ``"evaluate"``.

    Raises
    ------
    DataError
        If codes do not fit, a label is no class of the network, or it gives no classes.
    FileFormatError
        If its provenance names the classes otherwise than it has them.
    """
    count = class_count(network)
    labels = np.asarray(labels)
    if labels.shape != (len(codes),) or not len(codes):
        raise DataError(f"{len(codes)} samples need a label each, not {labels.shape}")
    if labels.min() < 0 or labels.max() >= count:
        raise DataError(
            f"labels must be 0…{count - 1}, not {labels.min()}…{labels.max()}; {network.name!r} "
            f"knows {count} classes"
        )
    confusion = np.zeros((count, count), np.int64)
    for start in range(0, len(codes), _BATCH):
        some = slice(start, start + _BATCH)
        confusion += confusion_matrix(labels[some], golden.classes(network, codes[some]), count)
        progress("evaluate", min(start + _BATCH, len(codes)) / len(codes))
    names = class_names(network) or tuple(names) or tuple(map(str, range(count)))
    if len(names) != count:
        raise DataError(f"{network.name!r} knows {count} classes, not {len(names)}")
    return Evaluation(confusion, names)
