"""Program images: what is loaded into an accelerator at run time, as a file."""

import zlib
from pathlib import Path

from ..data import read_content
from ..errors import DataError

__all__ = ["crc_of", "read_program_image"]

_CRC_BYTES = 4
_LEAST = 12 + _CRC_BYTES  # magic, fingerprint and number of rows


def crc_of(image: bytes) -> int:
    """CRC-32 of a program image, which are its last four bytes.

    Parameters
    ----------
    image : bytes

    Raises
    ------
    DataError
        If it is no program image, or damaged.

    Examples
    --------
    >>> hex(crc_of(bytes(12) + bytes.fromhex("6fc6d57b")))
    '0x7bd5c66f'
    """
    found = int.from_bytes(image[-_CRC_BYTES:], "little")
    if len(image) < _LEAST or zlib.crc32(image[:-_CRC_BYTES]) != found:
        raise DataError(
            f"{len(image):,} bytes are no program image, or a damaged one: their CRC is wrong; "
            f"make it again, by threefold build"
        )
    return found


def read_program_image(path: Path | str) -> bytes:
    """The program image in a file.

    Parameters
    ----------
    path : path

    Raises
    ------
    DataError
        If the file cannot be read, or it is no program image.
    """
    image = read_content(Path(path))
    try:
        crc_of(image)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    return image
