"""CIFAR-10, from the files it is published in, or from a copy as JPEG images.

Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
"""

import io
from pathlib import Path

import numpy as np

from ...archive import read_npy, read_regular, unzip
from ...errors import DataError, FileFormatError
from ...network import Codes, Tensor
from .dataset import Dataset

__all__ = ["cifar10", "cifar10_jpeg"]

_INPUT = Tensor((32, 32, 3), Codes.signed(8))
_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_SIDE = 32
_RECORD = 1 + 3 * _SIDE**2  # bytes of the binary version: a label, then red, green and blue
_TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
_TEST = ("test_batch.bin",)
_COPY = "cifar10_jpeg_q75.npz"
_LOSSLESS = ("cifar10_lossless_subset.webp", "cifar10_lossless_subset_labels.npz")
_LIMIT = 1 << 28  # bytes of a file and of what it unpacks to
_SIZES = 50_000, 10_000


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
    folder = _folder("cifar10", folder, f"{_TRAIN[0]}…{_TEST[0]} (cifar-10-binary.tar.gz)")
    train = [_batch(folder / name) for name in _TRAIN]
    test = [_batch(folder / name) for name in _TEST]
    parts = [
        np.concatenate(arrays) for pairs in (train, test) for arrays in zip(*pairs, strict=True)
    ]
    return Dataset("cifar10", *parts, _INPUT, names=_NAMES)


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
    folder = _folder("cifar10_jpeg", folder, ", ".join([_COPY, *_LOSSLESS]))
    images, labels = _copies(folder / _COPY)
    originals, index, its_labels = _mosaic(folder / _LOSSLESS[0], folder / _LOSSLESS[1])
    if not np.array_equal(labels[index], its_labels):
        raise DataError(f"{folder / _LOSSLESS[1]} has other labels than {_COPY}; get both again")
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


def _folder(name: str, folder: Path | str | None, files: str) -> Path:
    if folder is None or not Path(folder).is_dir():
        where = "no folder is given" if folder is None else f"there is no folder {folder}"
        raise DataError(
            f"{name} is read from files, but {where}; get {files} and give their folder, as "
            "--data FOLDER"
        )
    return Path(folder)


def _read(path: Path) -> bytes:
    try:
        return read_regular(path, _LIMIT)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None
    except FileFormatError as error:
        raise DataError(f"cannot read {path}: {error}") from None


def _arrays(path: Path, *names: str) -> list[np.ndarray]:
    try:
        members = unzip(_read(path), "it", _LIMIT)
        return [read_npy(members[f"{name}.npy"]) for name in names]
    except (FileFormatError, ValueError) as error:
        raise DataError(f"{path} is damaged: {error}; get it again") from None
    except KeyError as error:
        raise DataError(f"{path} has no array {error}; get it again") from None


def _batch(path: Path) -> tuple[np.ndarray, np.ndarray]:
    content = np.frombuffer(_read(path), np.uint8)
    if not len(content) or len(content) % _RECORD:
        raise DataError(
            f"{path} holds {len(content)} bytes, not records of {_RECORD}; get it again"
        )
    records = content.reshape(-1, _RECORD)
    images = records[:, 1:].reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), records[:, 0].astype(np.int64)


def _copies(path: Path) -> tuple[np.ndarray, np.ndarray]:
    header, scan, lengths, labels = _arrays(path, "header", "scan", "length", "label")
    ends = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    if len(lengths) != sum(_SIZES) or len(labels) != sum(_SIZES) or ends[-1] != len(scan):
        raise DataError(f"{path} does not hold {sum(_SIZES)} images and labels; get it again")
    images = np.empty((len(lengths), _SIDE, _SIDE, 3), np.uint8)
    for image, start, end in zip(images, ends[:-1], ends[1:], strict=True):
        image[:] = _decode(path, bytes(header) + bytes(scan[start:end]), (_SIDE, _SIDE))
    return images, labels.astype(np.int64)


def _mosaic(path: Path, labels: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    index, its_labels = _arrays(labels, "index", "label")
    rows = -(-len(index) // 100)
    picture = _decode(path, _read(path), (rows * _SIDE, 100 * _SIDE))
    images = picture.reshape(rows, _SIDE, 100, _SIDE, 3).swapaxes(1, 2).reshape(-1, _SIDE, _SIDE, 3)
    index = index.astype(np.int64)
    if len(index) != len(its_labels) or index.max() >= sum(_SIZES):
        raise DataError(f"{labels} does not hold an index and a label of each image; get it again")
    return images[: len(index)], index, its_labels.astype(np.int64)


def _decode(path: Path, content: bytes, shape: tuple[int, int]) -> np.ndarray:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "WEBP")) as image:
            if image.size[::-1] != shape:
                raise DataError(
                    f"{path} holds an image of {image.height}×{image.width} pixels, not "
                    f"{shape[0]}×{shape[1]}; get it again"
                )
            return np.asarray(image.convert("RGB"))
    except (OSError, UnidentifiedImageError, SyntaxError):
        raise DataError(f"{path} holds an image that is damaged; get it again") from None
