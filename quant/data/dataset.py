"""Data set: images and labels for training, and held out."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from threefold.errors import DataError
from threefold.network import Codes, Tensor

from .image_files import ImageFiles

__all__ = ["Dataset"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images to train with and images held out, as codes of a network's input.

    Parameters
    ----------
    name : str
    train_images, test_images : array of uint8 or uint16, or ImageFiles
        Images, shape (images, *input.shape).
    train_labels, test_labels : array of int64, shape (images,)
        0…``classes`` − 1.
    input : Tensor
        Type of one image.
    more : mapping of str to (images, labels)
        Further sets of held-out images, by name.
    names : tuple of str
        What the classes are called, where that is known.
    provenance : mapping of str to JSON values
        What a network keeps that is trained with it, beside accuracies and recipe.

    Raises
    ------
    DataError
        If the arrays do not fit each other or ``input``.
    """

    name: str
    train_images: np.ndarray | ImageFiles
    train_labels: np.ndarray
    test_images: np.ndarray | ImageFiles
    test_labels: np.ndarray
    input: Tensor
    more: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    provenance: Mapping = field(default_factory=dict)

    def __post_init__(self):
        codes = self.input.element
        if not isinstance(codes, Codes):
            raise DataError(f"images are codes, not {codes}")
        sets = {
            "train": (self.train_images, self.train_labels),
            "test": (self.test_images, self.test_labels),
            **self.more,
        }
        for part, (images, labels) in sets.items():
            if len(images) != len(labels) or not len(labels):
                raise DataError(f"{len(images)} {part} images do not match {len(labels)} labels")
            if images.shape[1:] != self.input.shape or not _fit(images, codes):
                raise DataError(f"{part} images are not {self.input}")
            last = len(self.names) - 1 if self.names else labels.max()
            if labels.min() < 0 or labels.max() > last:
                raise DataError(
                    f"{part} labels of {self.name} are {labels.min()}…{labels.max()}, "
                    f"not 0…{last}; get its files again"
                )

    @property
    def classes(self) -> int:
        """Number of classes."""
        if self.names:
            return len(self.names)
        return int(max(self.train_labels.max(), self.test_labels.max())) + 1

    def digest(self) -> str:
        """SHA-256 of all images and labels, in hexadecimal; of images in files, their digest."""
        content = hashlib.sha256()
        for part in ("train", "test"):
            for what in ("images", "labels"):
                array = getattr(self, f"{part}_{what}")
                if isinstance(array, ImageFiles):
                    content.update(array.digest().encode())
                    continue
                content.update(f"{array.dtype.str}{array.shape}".encode())
                content.update(np.ascontiguousarray(array))
        return content.hexdigest()


def _fit(images: np.ndarray | ImageFiles, codes: Codes) -> bool:
    if images.dtype == np.uint8 and codes.max_code >= 255:
        return True
    return images.dtype.kind in "iu" and images.min() >= 0 and images.max() <= codes.max_code
