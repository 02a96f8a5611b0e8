"""Image files: images and labels as integers in ``.npz`` files, safe to open from any source."""

import io
from pathlib import Path

import numpy as np

from .archive import read_npy, read_regular, unzip
from .errors import DataError, FileFormatError
from .files import write_file

__all__ = ["load_images", "read_content", "save_images"]

_MAX_BYTES = 1 << 29  # of a file and of what it unpacks to
_LARGEST = 1 << 28  # bytes of a file of samples


def read_content(path: Path) -> bytes:
    """The content of a file of at most 256 MiB.

    Raises
    ------
    DataError
        If it cannot be read, or is larger.
    """
    try:
        return read_regular(path, _LARGEST)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None
    except FileFormatError as error:
        raise DataError(f"cannot read {path}: {error}") from None


def save_images(path: Path | str, images: np.ndarray, labels: np.ndarray | None = None) -> None:
    """Write images, and labels where there are any; the same data gives the same bytes.

    Parameters
    ----------
    path : path
        Conventionally ``*.npz``.
    images : array of int, shape (images, height, width, channels)
        Input codes of a network.
    labels : array of int, shape (images,), optional
        The class of each image.

    Raises
    ------
    DataError
        If the arrays are not of these shapes and types.
    BuildError
        If the file cannot be written.
    """
    arrays = {"images": np.asarray(images)}
    if labels is not None:
        arrays["labels"] = np.asarray(labels)
    _check(arrays)
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    write_file(path, file.getvalue())


def load_images(path: Path | str) -> tuple[np.ndarray, np.ndarray | None]:
    """Images and labels of an ``.npz`` file with the arrays ``images`` and ``labels``.

    Other arrays are ignored.

    Returns
    -------
    images : array of int, shape (images, height, width, channels)
    labels : array of int, shape (images,), or None
        None where the file has no array ``labels``.

    Raises
    ------
    DataError
        If the file is missing, damaged or larger than 512 MiB unpacked, or the arrays are not
        of these shapes and types.
    """
    path = Path(path)
    try:
        members = unzip(read_regular(path, _MAX_BYTES), "it", _MAX_BYTES)
        arrays = {
            key: read_npy(members[f"{key}.npy"]).copy()  # writable
            for key in ("images", "labels")
            if f"{key}.npy" in members
        }
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None
    except (FileFormatError, ValueError) as error:
        raise DataError(f"{path} is not an .npz file of plain arrays: {error}") from None
    try:
        _check(arrays)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    return arrays["images"], arrays.get("labels")


def _check(arrays: dict[str, np.ndarray]) -> None:
    if "images" not in arrays:
        raise DataError("there is no array named 'images'")
    for (key, array), (ndim, shape) in zip(
        arrays.items(), [(4, "(images, height, width, channels)"), (1, "(images,)")], strict=False
    ):
        if array.dtype.kind not in "iu":
            raise DataError(f"{key} must be integers, not {array.dtype}")
        if array.ndim != ndim or array.size == 0:
            raise DataError(f"{key} must be a non-empty array {shape}, not {array.shape}")
    labels = arrays.get("labels")
    if labels is None:
        return
    if len(labels) != len(arrays["images"]):
        raise DataError(f"{len(labels)} labels do not match {len(arrays['images'])} images")
    if labels.min() < 0:
        raise DataError(f"labels must be at least 0, not {labels.min()}")
