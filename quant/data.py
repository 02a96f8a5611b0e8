"""Data sets as integer codes, split once and for all."""

import dataclasses
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import DataError, ToolError
from ..network import Codes, Tensor
from .idx import read_idx

__all__ = ["DATASETS", "Dataset", "digit_maps", "digits", "load_dataset", "mnist"]

_MNIST = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


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


def digit_maps() -> Dataset:
    """The same digits and split as :func:`digits`, as maps of 8×8 pixels."""
    return _reshaped(digits(), (8, 8, 1))


def _reshaped(dataset: Dataset, shape: tuple[int, int, int]) -> Dataset:
    return dataclasses.replace(
        dataset,
        train_images=dataset.train_images.reshape(-1, *shape),
        test_images=dataset.test_images.reshape(-1, *shape),
        input=Tensor(shape, dataset.input.element),
    )


def mnist(folder: Path | str | None) -> Dataset:
    """Handwritten digits of 28×28 pixels, 60,000 to train with and 10,000 held out.

    MNIST (LeCun, Cortes, Burges 1998). The upper four of the eight bits of a pixel are kept.

    Parameters
    ----------
    folder : path
        Where the four published IDX files are, packed by gzip or not.

    Raises
    ------
    DataError
        If there is no such folder, or a file is missing or damaged.
    """
    if folder is None or not Path(folder).is_dir():
        where = "no folder is given" if folder is None else f"there is no folder {folder}"
        raise DataError(
            f"mnist is read from files, but {where}; get {', '.join(_MNIST)} "
            "(from https://ossci-datasets.s3.amazonaws.com/mnist/ for instance) and give "
            "their folder, as --data FOLDER"
        )
    parts = []
    for name in _MNIST:
        array = read_idx(Path(folder, name.removesuffix(".gz")), 3 if "images" in name else 1)
        images = array.ndim == 3
        parts.append((array >> 4)[..., None] if images else array.astype(np.int64))
    return Dataset("mnist", *parts, Tensor((28, 28, 1), Codes.unsigned(4)))


def load_dataset(name: str, folder: Path | str | None = None) -> Dataset:
    """A data set by its name in :data:`DATASETS`.

    Parameters
    ----------
    name : str
    folder : path, optional
        Where its files are, for those that do not come with a package.

    Raises
    ------
    DataError
        If ``name`` is none, files are missing or damaged, or a folder is given in vain.
    ToolError
        If a package is missing.
    """
    if name not in DATASETS:
        raise DataError(f"there is no data set {name!r}; there is {', '.join(sorted(DATASETS))}")
    if name in _IN_FILES:
        return DATASETS[name](folder)
    if folder is not None:
        raise DataError(f"{name} comes with a package; leave out the folder {folder}")
    return DATASETS[name]()


DATASETS: dict[str, Callable[..., Dataset]] = {
    "digits": digits,
    "digit_maps": digit_maps,
    "mnist": mnist,
}
"""Data sets by name."""

_IN_FILES = ("mnist",)
