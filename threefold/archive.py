"""Untrusted archives: zips of arrays, whose stated sizes are never relied upon."""

import io
import math
import warnings
import zipfile
from pathlib import Path

import numpy as np

from .errors import FileFormatError

__all__ = ["read_npy", "read_regular", "shorten", "unzip"]

_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # lzma may ask for gigabytes


def read_regular(path: Path, limit: int) -> bytes:
    """The content of a regular file of at most ``limit`` bytes.

    Raises
    ------
    FileFormatError
        If it is something else, or larger.
    OSError
        If it cannot be read.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise FileFormatError("it is not a regular file")  # a pipe or device might not end
    if path.stat().st_size > limit:
        raise FileFormatError(f"it is larger than {limit >> 20} MiB")
    return path.read_bytes()


def unzip(
    content: bytes, what: str, limit: int, expected: set[str] | None = None
) -> dict[str, bytes]:
    """The members of a zip archive, which unpack to at most ``limit`` bytes together.

    Parameters
    ----------
    content : bytes
    what : str
        Names the archive in messages.
    limit : int
    expected : set of str
        Names that there must be, and no others; any if left out.

    Raises
    ------
    FileFormatError
        If the archive is damaged, too large, or made in another way.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
            names = [info.filename for info in infos]
            if expected is not None and set(names) != expected:
                raise FileFormatError(f"{what} must hold {' and '.join(sorted(expected))} only")
            if len(set(names)) != len(names):
                raise FileFormatError(f"{what} holds a member twice")
            if any(info.compress_type not in _COMPRESSIONS for info in infos):
                raise FileFormatError(f"{what} is compressed in another way than deflate")
            if sum(info.file_size for info in infos) > limit:
                raise FileFormatError(f"{what} unpacks to more than {limit >> 20} MiB")
            members = {}
            for info in infos:
                with archive.open(info) as member:
                    data = member.read(info.file_size + 1)
                if len(data) != info.file_size:
                    raise FileFormatError(f"{what} is damaged at {shorten(info.filename)}")
                members[info.filename] = data
            return members
    except FileFormatError:
        raise
    except Exception:  # zipfile raises many types on damaged input, from struct.error to zlib's
        raise FileFormatError(f"{what} is not a complete zip archive") from None


def read_npy(data: bytes, *, fortran: bool = True) -> np.ndarray:
    """An array from ``.npy`` bytes, without ever allocating what a header merely claims.

    Parameters
    ----------
    data : bytes
    fortran : bool
        Whether the order of Fortran is accepted.

    Raises
    ------
    ValueError
        If the bytes are not just that, or hold objects.
    """
    stream = io.BytesIO(data)
    try:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError
        with warnings.catch_warnings(action="error"):
            shape, columns_first, dtype = np.lib.format.read_array_header_1_0(stream)
        count = math.prod(shape)
        if (columns_first and not fortran) or dtype.hasobject:
            raise ValueError
        if count * dtype.itemsize != len(data) - stream.tell():
            raise ValueError
        array = np.frombuffer(data, dtype, count, stream.tell())
        return array.reshape(shape, order="F" if columns_first else "C")
    except Exception:  # the header parser raises whatever a crafted header makes it raise
        raise ValueError("it holds an array that is damaged or not plain") from None


def shorten(name: str) -> str:
    """A name as it goes into a message."""
    return repr(name if len(name) <= 80 else f"{name[:77]}...")
