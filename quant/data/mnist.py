"""MNIST and Fashion-MNIST, read from the files they are published in."""

from pathlib import Path

import numpy as np

from threefold.network import Codes, Tensor

from .dataset import Dataset
from .files import find_files
from .idx import read_idx

__all__ = ["fashion_mnist", "mnist", "mnist8"]

_CLOTHES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
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
    return _read("mnist", folder, 4, tuple("0123456789"))


def mnist8(folder: Path | str | None) -> Dataset:
    """As :func:`mnist`, with all eight bits of a pixel."""
    return _read("mnist8", folder, 8, tuple("0123456789"))


def fashion_mnist(folder: Path | str | None) -> Dataset:
    """Clothes of ten kinds in 28×28 pixels of eight bits, 60,000 to train with and 10,000 held out.

    Fashion-MNIST (Xiao, Rasul, Vollgraf 2017), in files like those of :func:`mnist`, with its
    parameters and errors.
    """
    return _read("fashion_mnist", folder, 8, _CLOTHES)


def _read(name: str, folder: Path | str | None, bits: int, names: tuple[str, ...]) -> Dataset:
    parts = []
    for path in find_files(name, folder):
        array = read_idx(path, 3 if "images" in path.name else 1)
        images = array.ndim == 3
        parts.append((array >> 8 - bits)[..., None] if images else array.astype(np.int64))
    return Dataset(name, *parts, Tensor((28, 28, 1), Codes.unsigned(bits)), names=names)
