"""MNIST, read from the files it is published in."""

from pathlib import Path

import numpy as np

from ...errors import DataError
from ...network import Codes, Tensor
from .dataset import Dataset
from .idx import read_idx

__all__ = ["mnist"]

_MNIST = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
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
