"""The proof of an import: golden model and source agree on every code."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..network import INPUT, Codes
from ..sim import golden
from .convert import Converted
from .edge import Edge
from .source import Source

__all__ = ["Agreement", "compare", "source_classes"]

_BATCH = 64
_ALIKE = 1e-4
_TIE = 1e-6  # of the largest logit: sums in single precision


@dataclass(frozen=True)
class Agreement:
    """How far a network and its source agree.

    Parameters
    ----------
    images : int
    values : int
        Codes and classes that were compared.
    differ : int
        Those that are not equal.
    first : str
        Where the first of them is; empty if all are equal.
    ties : int
        Images whose class only the rounding of the source decides, between logits that are equal.
    classes : array of int, shape (images,), or None
        Those of the source, where it is a classifier.
    """

    images: int
    values: int
    differ: int
    first: str
    ties: int
    classes: np.ndarray | None

    @property
    def exact(self) -> bool:
        """Whether nothing differs."""
        return not self.differ


def compare(
    source: Source,
    converted: Converted,
    images: np.ndarray,
    on_batch: Callable[[float], None] | None = None,
) -> Agreement:
    """Run both on ``images`` and compare all codes, logits and classes.

    Logits are compared up to their common scale and shift, which integers do not have.

    Parameters
    ----------
    source : Source
    converted : Converted
    images : array of int, shape (images, height, width, channels)
        Codes.
    on_batch : function, optional
        Called with the part that is done, 0…1.
    """
    values = differ = ties = 0
    first, classes = "", []
    for start in range(0, len(images), _BATCH):
        batch = images[start : start + _BATCH]
        expected = source.run(_real(source, converted, batch))
        found = golden.evaluate(converted.network, batch)
        for tensor, edge in converted.edges.items():
            if edge.node == INPUT:
                continue
            wrong = _differences(edge, expected[tensor], found[edge.node])
            values += wrong.size
            differ += int(wrong.sum())
            if wrong.any() and not first:
                image, row, column, channel = np.argwhere(wrong)[0]
                first = (
                    f"{tensor} ({edge.node}) of image {start + image}, row {row}, column "
                    f"{column}, channel {channel}"
                )
        output = expected[source.output]
        classes.append(_class_of(output))
        if converted.edges[source.output].is_class:
            chosen = found[converted.network.output.name]
            ties += int((chosen.ravel() != classes[-1]).sum() - wrong.sum())
        if on_batch:
            on_batch(min(1.0, (start + len(batch)) / len(images)))
    return Agreement(len(images), values, differ, first, ties, np.concatenate(classes))


def source_classes(source: Source, converted: Converted, images: np.ndarray) -> np.ndarray:
    """The classes that ``source`` gives images (images, height, width, channels) of codes."""
    batches = (images[start : start + _BATCH] for start in range(0, len(images), _BATCH))
    outputs = (source.run(_real(source, converted, batch))[source.output] for batch in batches)
    return np.concatenate([*map(_class_of, outputs)])


def _real(source: Source, converted: Converted, images: np.ndarray) -> np.ndarray:
    """What the source reads where the network reads ``images``."""
    return to_axes(converted.input.real(images), converted.edges[source.input])


def _class_of(output: np.ndarray) -> np.ndarray:
    """Classes of an output, (images, classes), or of one that holds them already."""
    flat = output.reshape(len(output), -1)
    return (flat[:, 0] if flat.shape[1] == 1 else flat.argmax(axis=1)).astype(np.int64)


def to_axes(maps: np.ndarray, edge: Edge) -> np.ndarray:
    """Maps (images, height, width, channels) in the axes of the source."""
    if edge.layout == "NF":
        return maps.reshape(len(maps), -1)[:, edge.order]
    if "H" not in edge.layout:
        return maps[:, 0].transpose(["NWC".index(axis) for axis in edge.layout])
    return maps.transpose(["NHWC".index(axis) for axis in edge.layout])


def from_axes(tensor: np.ndarray, edge: Edge, shape: tuple[int, int, int]) -> np.ndarray:
    """A tensor of the source as maps (images, height, width, channels)."""
    if edge.layout == "NF":
        flat = np.empty_like(tensor.reshape(len(tensor), -1))
        flat[:, edge.order] = tensor.reshape(len(tensor), -1)
        return flat.reshape(len(tensor), *shape)
    layout = edge.layout
    if "H" not in layout:
        layout = layout[0] + "H" + layout[1:]
        tensor = tensor[:, None]
    return tensor.transpose([layout.index(axis) for axis in "NHWC"])


def _differences(edge: Edge, expected: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Where a node's elements are not what the source has."""
    if edge.is_class:
        flat = expected.reshape(len(expected), -1)
        if flat.shape[1] == 1:
            return found != flat.reshape(found.shape)
        chosen = np.take_along_axis(flat, found.reshape(-1, 1), axis=1)
        largest = flat.max(axis=1, keepdims=True)
        wrong = largest - chosen > _TIE * np.abs(flat).max()
        return wrong.reshape(found.shape)
    real = from_axes(expected, edge, found.shape[1:]).astype(np.float64)
    codes = edge.type.element
    if isinstance(codes, Codes):
        values = codes.offset + codes.step * found
        return np.rint((real - edge.shift) / edge.scale) != values
    # Logits: equal up to a common shift.
    error = real - found * edge.scale
    error -= np.median(error, axis=-1, keepdims=True)
    return np.abs(error) > _ALIKE * (1 + np.abs(real).max())
