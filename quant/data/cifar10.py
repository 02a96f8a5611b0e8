"""CIFAR-10, from the files it is published in, or from a copy as JPEG images.

Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
"""

from pathlib import Path

import numpy as np

from threefold.data import read_content
from threefold.errors import DataError
from threefold.network import Codes, Tensor

from .dataset import Dataset
from .files import find_files
from .read import open_image, read_arrays

__all__ = ["cifar10", "cifar10_jpeg"]

_INPUT = Tensor((32, 32, 3), Codes.signed(8))
_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_SIDE = 32
_RECORD = 1 + 3 * _SIDE**2  # bytes of the binary version: a label, then red, green and blue
_PER_ROW = 100  # of the mosaic
_SIZES = 50_000, 10_000  # to train with, held out


def cifar10(folder: Path | str | None) -> Dataset:
    """Photographs of ten classes, 32×32 pixels in colour, 50,000 to train with, 10,000 held out.

    Pixels are 8-bit codes whose values are −128…127.

    Parameters
    ----------
    folder : path
        Where the six files of the published binary version are.

    Raises
    ------
    DataError
        If there is no such folder, or a file is missing or damaged.
    """
    *train, test = find_files("cifar10", folder)
    batches = [_batch(path, _SIZES[0] // len(train)) for path in train]
    images, labels = (np.concatenate(arrays) for arrays in zip(*batches, strict=True))
    return Dataset("cifar10", images, labels, *_batch(test, _SIZES[1]), _INPUT, names=_NAMES)


def cifar10_jpeg(folder: Path | str | None) -> Dataset:
    """A copy of CIFAR-10 whose images went through JPEG, with a lossless part of the originals.

    Lossless images stand in the place of their copies to train with. Held out are the 10,000
    copies, and as ``lossless`` the originals among them. Networks are less accurate on copies:
    figures are of this set, never of CIFAR-10.

    Parameters
    ----------
    folder : path
        Where ``cifar10_jpeg_q75.npz`` is (arrays ``header``, ``scan``, ``length`` and ``label``;
        image i is the header and its own bytes of the scan), and beside it the mosaic
        ``cifar10_lossless_subset.webp`` of 100 images a row with its ``…_labels.npz`` (``index``,
        from 50,000 on held out, and ``label``).

    Raises
    ------
    DataError
        If there is no such folder, or a file is missing or damaged.
    """
    copy, mosaic, lossless = find_files("cifar10_jpeg", folder)
    images, labels = _copies(copy)
    originals, index, its_labels = _mosaic(mosaic, lossless)
    if not np.array_equal(labels[index], its_labels):
        raise DataError(f"{lossless} has other labels than {copy.name}; get both again")
    held_out = index >= _SIZES[0]
    images[index[~held_out]] = originals[~held_out]
    return Dataset(
        "cifar10_jpeg",
        images[: _SIZES[0]],
        labels[: _SIZES[0]],
        images[_SIZES[0] :],
        labels[_SIZES[0] :],
        _INPUT,
        {"lossless": (originals[held_out], its_labels[held_out])},
        _NAMES,
    )


def _batch(path: Path, count: int) -> tuple[np.ndarray, np.ndarray]:
    content = np.frombuffer(read_content(path), np.uint8)
    if len(content) != count * _RECORD:
        raise DataError(
            f"{path} holds {len(content):,} bytes, not {count:,} records of {_RECORD:,}; "
            "get it again"
        )
    records = content.reshape(-1, _RECORD)
    images = records[:, 1:].reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), records[:, 0].astype(np.int64)


def _copies(path: Path) -> tuple[np.ndarray, np.ndarray]:
    header, scan, lengths, labels = read_arrays(path, "header", "scan", "length", "label")
    lengths, labels = _integers(path, "length", lengths), _integers(path, "label", labels)
    ends = np.cumsum(lengths)
    count = sum(_SIZES)
    if not len(lengths) == len(labels) == count or ends[-1] != scan.size:
        raise DataError(f"{path} does not hold {count:,} images and labels; get it again")
    images = np.empty((count, _SIDE, _SIDE, 3), np.uint8)
    for image, start, end in zip(images, ends - lengths, ends, strict=True):
        image[:] = _decode(path, bytes(header) + bytes(scan[start:end]), (_SIDE, _SIDE))
    return images, labels


def _mosaic(path: Path, labels: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    index, its_labels = read_arrays(labels, "index", "label")
    index, its_labels = _integers(labels, "index", index), _integers(labels, "label", its_labels)
    if len(index) != len(its_labels) or not len(index) or index.max() >= sum(_SIZES):
        raise DataError(f"{labels} does not hold an index and a label of each image; get it again")
    rows = -(-len(index) // _PER_ROW)
    picture = _decode(path, read_content(path), (rows * _SIDE, _PER_ROW * _SIDE))
    tiles = picture.reshape(rows, _SIDE, _PER_ROW, _SIDE, 3).swapaxes(1, 2)
    return tiles.reshape(-1, _SIDE, _SIDE, 3)[: len(index)], index, its_labels


def _integers(path: Path, name: str, array: np.ndarray) -> np.ndarray:
    if array.ndim == 1 and array.dtype.kind in "iu":
        array = array.astype(np.int64)
        if array.min(initial=0) >= 0:
            return array
    raise DataError(f"{path} has no row of integers from 0 on as {name!r}; get it again")


def _decode(path: Path, content: bytes, shape: tuple[int, int]) -> np.ndarray:
    image = np.asarray(open_image(path, content))
    if image.shape[:2] != shape:
        height, width = image.shape[:2]
        raise DataError(
            f"{path} holds an image of {height}×{width} pixels, not {shape[0]}×{shape[1]}; "
            "get it again"
        )
    return image
