"""Classes of samples: names in order, labels as their indices, and a stratified split."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import DataError
from .samples import Samples

__all__ = ["class_names", "indices", "split"]


def class_names(samples: Samples, path: Path) -> tuple[str, ...]:
    """Names of the classes: in order of number where all are numbers, else of text.

    Raises
    ------
    DataError
        If there are fewer than two, or so many that labels look like measurements.
    """
    assert samples.labels is not None
    names = set(samples.labels)
    if len(names) == 1:
        (name,) = names
        raise DataError(
            f"{path} has one class only, {name!r:.60}; a classifier needs samples of two or more"
        )
    if len(names) > 20 and len(names) > len(samples) / 2:
        raise DataError(
            f"{path} has {len(names):,} classes in {len(samples):,} samples; choose what to "
            f"classify by another --label"
        )
    if all(map(_is_number, names)):
        return tuple(sorted(names, key=lambda name: (float(name), name)))
    return tuple(sorted(names))


def indices(samples: Samples, classes: Sequence[str]) -> np.ndarray:
    """Labels as int64, shape (samples,): their places among ``classes``.

    Raises
    ------
    DataError
        If a label is none of them; the message says where.
    """
    assert samples.labels is not None
    numbers = {name: number for number, name in enumerate(classes)}
    for label, place in zip(samples.labels, samples.places, strict=True):
        if label not in numbers:
            shown = ", ".join(classes[:8]) + (", …" if len(classes) > 8 else "")
            raise DataError(f"{place} is of class {label!r:.60}; the network knows {shown}")
    return np.array([numbers[label] for label in samples.labels], np.int64)


def split(labels: np.ndarray, share: float, seed: int, classes: Sequence[str]) -> np.ndarray:
    """Which samples are held out: ``share`` of each class, but at least one and not all.

    Those held out of a class are the first of a permutation by NumPy's frozen ``RandomState``.

    Parameters
    ----------
    labels : array of int, shape (samples,)
    share : float
        Above 0 and below 1.
    seed : int
    classes : sequence of str

    Returns
    -------
    array of bool, shape (samples,)

    Raises
    ------
    DataError
        If share or seed are out of range, or a class has one sample only.
    """
    if not 0 <= seed < 2**31:
        raise DataError(f"seed must be 0…{2**31 - 1}, not {seed}")
    if not 0 < share < 1:
        raise DataError(f"--held-out must be above 0 and below 1, not {share:g}")
    counts = Counter(labels.tolist())
    for number, name in enumerate(classes):
        if counts[number] == 1:
            raise DataError(
                f"class {name!r:.60} has one sample only, and training and test need one each; add "
                f"some, leave it out, or give --test-data"
            )
    random, held = np.random.RandomState(seed), np.zeros(len(labels), bool)
    for number in range(len(classes)):
        members = random.permutation(np.flatnonzero(labels == number))
        count = round(share * len(members))
        held[members[: min(max(count, 1), len(members) - 1)]] = True
    return held


def _is_number(name: str) -> bool:
    try:
        return abs(float(name)) < float("inf")
    except ValueError:
        return False
