"""Proof of an import: golden model and source agree on every code."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..network import INPUT
from ..progress import Progress, no_progress
from ..sim import golden
from ..sim.mismatch import describe
from .axes import to_axes
from .convert import Converted
from .nodes import shown
from .rounding import differences, follow, not_largest
from .source import Source

__all__ = ["Agreement", "compare", "source_classes"]

_BATCH = 64
_MOST_NUMBERS = 1 << 24  # in all tensors of a batch


@dataclass(frozen=True)
class Agreement:
    """How far a network and its source agree.

    Parameters
    ----------
    images : int
    values : int
        Codes and classes that were computed and compared.
    differ : int
        Those that are not equal, and that no rounding of the source explains.
    first : str
        The first of them in one clause; empty if all are equal.
    rounded : int
        Codes that differ because the source's own sums are rounded to single precision.
    ties : int
        Images whose class differs for no other reason.
    classes : array of int, shape (images,), or None
        Those of the network, where it is a classifier.
    """

    images: int
    values: int
    differ: int
    first: str
    rounded: int
    ties: int
    classes: np.ndarray | None

    @property
    def exact(self) -> bool:
        """Whether nothing differs but by rounding of the source."""
        return not self.differ


def compare(
    source: Source,
    converted: Converted,
    images: np.ndarray,
    progress: Progress = no_progress,
) -> Agreement:
    """Run both on ``images`` and compare all codes, logits and classes.

    Codes must be equal. There is one reason for which they cannot always be: the source adds
    numbers up in single precision. Where the exact sum lies on a threshold, or within the
    rounding error of one, the source may end on the other side, and on another machine on this
    one. With scales that are powers of two nothing is rounded. A code that differs counts as
    rounded if all of this holds:

    - the sum of the source is the exact sum of the network, up to the error that adding up in
      single precision can have, and by less than a quarter of a unit, so that it stands for the
      same integer;
    - the quantizer of the source, given the exact sum, gives the code of the network;
    - the quantizer of the source, given the sum of the source, gives the code of the source.

    The network then goes on from the code of the source, so that what is behind is compared as
    strictly. Logits are compared with their scale and shift, which integers do not have, and
    classes where their logits differ by more than rounding. All else is a mistake of the import.

    Parameters
    ----------
    source : Source
    converted : Converted
    images : array of int, shape (images, height, width, channels)
        Codes.
    progress : Progress
        Told ``"compare"``.
    """
    size, parts = _batch(converted), []
    for start in range(0, len(images), size):
        parts.append(_agreement(source, converted, images[start : start + size], start))
        progress("compare", min(1.0, (start + size) / len(images)))
    return _joined(parts)


def _joined(parts: list[Agreement]) -> Agreement:
    """The agreement on all images of batches."""
    counts = {
        name: sum(getattr(part, name) for part in parts)
        for name in ("images", "values", "differ", "rounded", "ties")
    }
    first = next((part.first for part in parts if part.first), "")
    classes = [part.classes for part in parts if part.classes is not None]
    return Agreement(**counts, first=first, classes=np.concatenate(classes) if classes else None)


def _agreement(source: Source, converted: Converted, images: np.ndarray, start: int) -> Agreement:
    """How far both agree on a batch, the first of which is image ``start``."""
    expected = source.run(_real(source, converted, images))
    found = golden.evaluate(converted.network, images)
    damaged = np.zeros(len(images), bool)
    values = differ = rounded = ties = 0
    first = ""
    for tensor, edge in converted.edges.items():
        if tensor != source.input:
            wrong = differences(edge, expected[tensor], found[edge.node])
            values += wrong.size if edge.node != INPUT else 0  # those nobody has computed
            damaged |= wrong.any(axis=(1, 2, 3))
    for image in np.flatnonzero(damaged).tolist():
        left, excused = follow(source, converted, images, expected, image)
        count = sum(int(each.sum()) for each in left.values())
        damaged[image] = count > 0
        differ, rounded = differ + count, rounded + excused
        first = first or (_place(converted, left, start + image) if count else "")
    chosen = _classes(converted, found)
    if chosen is not None:
        other = ~damaged & (chosen != _class_of(expected[source.output]))
        end, output = converted.edges[converted.output], expected[converted.output]
        wrong = other & (not end.is_class and not_largest(end, output, chosen))
        if wrong.any():
            first = first or (
                f"the class of image {start + np.flatnonzero(wrong)[0]} differs from the source's"
            )
        differ, ties = differ + int(wrong.sum()), int((other & ~wrong).sum())
    return Agreement(len(images), values, differ, first, rounded, ties, chosen)


def source_classes(source: Source, converted: Converted, images: np.ndarray) -> np.ndarray:
    """The classes that ``source`` gives images (images, height, width, channels) of codes."""
    size = _batch(converted)
    batches = (images[start : start + size] for start in range(0, len(images), size))
    outputs = (source.run(_real(source, converted, batch))[source.output] for batch in batches)
    return np.concatenate([*map(_class_of, outputs)])


def _batch(converted: Converted) -> int:
    """Images at once, so that all tensors of them fit into memory."""
    numbers = sum(tensor.size for tensor in converted.network.types.values())
    return max(1, min(_BATCH, _MOST_NUMBERS // numbers))


def _real(source: Source, converted: Converted, images: np.ndarray) -> np.ndarray:
    """What the source reads where the network reads ``images``."""
    real = to_axes(converted.input.real(images), converted.edges[source.input])
    return real.reshape(len(images), *source.shape(source.input)[1:])


def _class_of(output: np.ndarray) -> np.ndarray:
    """Classes of an output, (images, classes), or of one that holds them already."""
    flat = output.reshape(len(output), -1)
    return (flat[:, 0] if flat.shape[1] == 1 else flat.argmax(axis=1)).astype(np.int64)


def _classes(converted: Converted, found: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """The classes that the network gives, if it is a classifier."""
    end = converted.edges[converted.output]
    output = found[end.node]
    if end.is_class:
        return output.ravel()
    if end.type.shape[:2] != (1, 1) or end.channels == 1 or end.tolerance is None:
        return None
    return to_axes(output, end).reshape(len(output), -1).argmax(axis=1)


def _place(converted: Converted, wrong: dict[str, np.ndarray], image: int) -> str:
    """Where the first difference is."""
    tensor = next(name for name, each in wrong.items() if each.any())
    _, row, column, channel = np.argwhere(wrong[tensor])[0]
    node, place = converted.edges[tensor].node, (image, row, column, channel)
    return describe(node, place, against=f"{shown(tensor)} of the source")
