"""Checked reading of bytes, arrays and images."""

import io
from pathlib import Path

import numpy as np

from threefold.archive import read_npy, unzip
from threefold.data import read_content
from threefold.errors import DataError, FileFormatError, ToolError

__all__ = ["open_image", "read_arrays"]

_LIMIT = 1 << 28  # bytes that a file unpacks to
_PIXELS = 1 << 26  # of an image


def read_arrays(path: Path, *names: str) -> list[np.ndarray]:
    """Arrays of an ``.npz`` file that unpacks to at most 256 MiB.

    Raises
    ------
    DataError
        If the file cannot be read, is damaged, or has no such array.
    """
    try:
        members = unzip(read_content(path), "it", _LIMIT)
        return [read_npy(members[f"{name}.npy"]) for name in names]
    except (FileFormatError, ValueError) as error:
        raise DataError(f"{path} is damaged: {error}; get it again") from None
    except KeyError as error:
        raise DataError(f"{path} has no array {error}; get it again") from None


def open_image(path: Path, content: bytes | None = None):
    """An image in colour.

    Parameters
    ----------
    path : path
    content : bytes, optional
        Bytes of the image, if it is not all there is in ``path``.

    Returns
    -------
    PIL.Image.Image
        Image of 8 bits for each of red, green and blue.

    Raises
    ------
    DataError
        If it cannot be read, is damaged, of another kind than JPEG, PNG and WebP, or has more
        than 2²⁶ pixels.
    ToolError
        If Pillow is missing.
    """
    try:
        from PIL import Image
    except ImportError:
        raise ToolError("images need Pillow: pip install 'threefold[train]'") from None
    content = read_content(path) if content is None else content
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as image:
            height, width = image.height, image.width
            if height * width <= _PIXELS:
                return image.convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(f"{path} holds an image of too many pixels; leave it out") from None
    except Exception:  # decoders raise many types on damaged input
        raise DataError(f"{path} holds an image that is damaged; get it again") from None
    raise DataError(
        f"{path} holds an image of {height}×{width} pixels, more than {_PIXELS:,}; leave it out"
    )
