"""Arrays of bytes in IDX files, the format of MNIST."""

import math
import zlib
from pathlib import Path

import numpy as np

from threefold.archive import read_regular
from threefold.errors import DataError, FileFormatError

__all__ = ["read_idx"]

_LIMIT = 1 << 28  # bytes of a file and of what it unpacks to
_BYTES = 0x08  # type code of unsigned bytes


def read_idx(path: Path, ndim: int) -> np.ndarray:
    """The array of an IDX file of unsigned bytes, packed by gzip or not.

    Parameters
    ----------
    path : path
        Without ``.gz``, which is added where there is no file without.
    ndim : int
        Number of dimensions it must have.

    Returns
    -------
    array of uint8

    Raises
    ------
    DataError
        If the file cannot be read, is damaged or of another kind, or unpacks to more than
        256 MiB.
    """
    if not path.exists():
        path = path.with_name(f"{path.name}.gz")
    try:
        content = read_regular(path, _LIMIT)
        if path.suffix == ".gz":
            content = _unpack(content)
        return _parse(content, ndim)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None
    except (FileFormatError, ValueError) as error:
        raise DataError(f"{path} is not an IDX file as expected: {error}") from None


def _unpack(content: bytes) -> bytes:
    stream = zlib.decompressobj(wbits=31)
    try:
        unpacked = stream.decompress(content, _LIMIT)
    except zlib.error:
        raise FileFormatError("it is not packed by gzip, or damaged") from None
    if not stream.eof:
        raise FileFormatError(f"it is truncated, or unpacks to more than {_LIMIT >> 20} MiB")
    return unpacked


def _parse(content: bytes, ndim: int) -> np.ndarray:
    magic = bytes((0, 0, _BYTES, ndim))
    if content[:4] != magic:
        raise FileFormatError(f"it starts with {content[:4].hex()!r}, not {magic.hex()!r}")
    start = 4 + 4 * ndim
    shape = tuple(int.from_bytes(content[i : i + 4]) for i in range(4, start, 4))
    if len(content) != start + math.prod(shape):
        raise FileFormatError(
            f"it holds {len(content)} bytes, not {start + math.prod(shape)} for shape {shape}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
