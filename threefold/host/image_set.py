"""Image sets: input codes as a board's SDRAM holds them, as bytes that are loaded."""

import zlib

import numpy as np

__all__ = ["BURST_BYTES", "FINGERPRINT", "WORD_BITS", "bytes_of", "image_words", "parts"]

BURST_BYTES = 16
"""Bytes of a burst of the SDRAM, of which a set takes a whole number."""

WORD_BITS = 16
"""Bits of a word of the SDRAM."""

FINGERPRINT = b"TEST"
"""What stands in place of the fingerprint of a program image."""

_MAGIC = b"TFP1"


def parts(bits: int) -> tuple[int, int]:
    """How many beats a word has, and how many words a beat takes; one of them is 1.

    Parameters
    ----------
    bits : int
        Width of a beat.

    Examples
    --------
    >>> parts(5), parts(16), parts(24)
    ((3, 1), (1, 1), (1, 2))
    """
    return max(1, WORD_BITS // bits), -(-bits // WORD_BITS)


def image_words(beats: int, bits: int) -> int:
    """Words of an image of so many beats of a width in bits.

    Examples
    --------
    >>> image_words(64, 5), image_words(64, 24)
    (22, 128)
    """
    in_word, words = parts(bits)
    return -(-beats // in_word) * words


def bytes_of(codes: np.ndarray, *, bits: int, lanes: int) -> bytes:
    """The bytes that are loaded: a head, the images, and a CRC-32 of all that.

    An image is its beats in order, the first code of a beat lowest. A beat of more than 16 bits
    has words of its own, the lowest first; of smaller ones as many as fit are in a word, the first
    lowest. An image begins with a word of its own, and the set is filled up to whole bursts.

    Parameters
    ----------
    codes : array of uint8, shape (images, inputs)
        At least one image.
    bits : int
        Width of a code, 1 to 8.
    lanes : int
        Codes of a beat, which divide ``inputs``.

    Examples
    --------
    >>> made = bytes_of(np.array([[1, 2, 3]], np.uint8), bits=4, lanes=1)
    >>> made[:8], made[8:12].hex(), made[12:28].rstrip(bytes(1)).hex()
    (b'TFP1TEST', '01000000', '2103')
    """
    images, width = len(codes), bits * lanes
    in_word, words = parts(width)
    planes = np.asarray(codes, np.uint8)[:, :, None] >> np.arange(bits, dtype=np.uint8) & 1
    beats = planes.reshape(images, -1, width)
    rest = -beats.shape[1] % in_word
    rows = np.pad(beats, ((0, 0), (0, rest), (0, 0))).reshape(images, -1, in_word * width)
    rows = np.pad(rows, ((0, 0), (0, 0), (0, words * WORD_BITS - in_word * width)))
    content = np.packbits(rows.reshape(images, -1), axis=1, bitorder="little").tobytes()
    content += bytes(-len(content) % BURST_BYTES)
    made = _MAGIC + FINGERPRINT + (len(content) // BURST_BYTES).to_bytes(4, "little") + content
    return made + zlib.crc32(made).to_bytes(4, "little")
