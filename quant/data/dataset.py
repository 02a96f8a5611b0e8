"""Images and labels to train with and held out."""

import hashlib
from dataclasses import dataclass

import numpy as np

from ...errors import DataError
from ...network import Codes, Tensor

__all__ = ["Dataset"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images to train with and images held out, as codes of a network's input.

    Parameters
    ----------
    name : str
    train_images, test_images : array of uint8 or uint16, shape (images, *input.shape)
    train_labels, test_labels : array of int64, shape (images,)
        0…``classes`` − 1.
    input : Tensor
        Type of one image.

    Raises
    ------
    DataError
        If the arrays do not fit each other or ``input``.
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    input: Tensor

    def __post_init__(self):
        codes = self.input.element
        if not isinstance(codes, Codes):
            raise DataError(f"images are codes, not {codes}")
        for part in ("train", "test"):
            images = getattr(self, f"{part}_images")
            labels = getattr(self, f"{part}_labels")
            if len(images) != len(labels) or not len(labels):
                raise DataError(f"{len(images)} {part} images do not go with {len(labels)} labels")
            if images.shape[1:] != self.input.shape or images.max() > codes.max_code:
                raise DataError(f"{part} images are not {self.input}")

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(max(self.train_labels.max(), self.test_labels.max())) + 1

    def digest(self) -> str:
        """SHA-256 of all images and labels, in hexadecimal."""
        content = hashlib.sha256()
        for part in ("train", "test"):
            for what in ("images", "labels"):
                array = getattr(self, f"{part}_{what}")
                content.update(f"{array.dtype.str}{array.shape}".encode())
                content.update(np.ascontiguousarray(array))
        return content.hexdigest()
