"""Data sets as integer codes, split once and for all."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import DataError, ToolError
from ..network import Codes, Tensor

__all__ = ["DATASETS", "Dataset", "digits"]


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


def digits() -> Dataset:
    """Handwritten digits of 8×8 pixels, 1437 to train with and 360 held out.

    The digits bundled with scikit-learn (UCI, Alpaydin and Kaynak 1998), whose pixels are
    0…16. They are clipped to 0…15 so that an input code takes four bits instead of five;
    validation accuracy is not lower for it. 36 images of each digit are held out: the first of
    a permutation by NumPy's frozen ``RandomState(0)``.

    Raises
    ------
    ToolError
        If scikit-learn is missing.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ToolError("the digits need scikit-learn: pip install 'threefold[train]'") from None
    pixels, labels = load_digits(return_X_y=True)
    images = np.minimum(pixels, 15).astype(np.uint8).reshape(-1, 1, 1, 64)
    labels = labels.astype(np.int64)
    random = np.random.RandomState(0)
    test = np.concatenate([random.permutation(np.flatnonzero(labels == i))[:36] for i in range(10)])
    test = np.sort(test)
    train = np.setdiff1d(np.arange(len(labels)), test)
    return Dataset(
        "digits",
        images[train],
        labels[train],
        images[test],
        labels[test],
        Tensor((1, 1, 64), Codes.unsigned(4)),
    )


DATASETS: dict[str, Callable[[], Dataset]] = {"digits": digits}
"""Data sets by name."""
