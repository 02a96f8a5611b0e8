"""Frames: bodies with a CRC between flags, as a host sends and receives them."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["ABORTED", "BAD", "FLAG", "LOAD_BYTES", "Deframer", "Rejected", "frame"]

FLAG = b"\x7e"
"""Byte at the beginning and end of a frame."""

LOAD_BYTES = 256
"""Bytes of a program image that one frame brings at most."""

ABORTED = "aborted"
"""Of a frame that its sender aborted."""

BAD = "bad"
"""Of a frame that is too short, or whose CRC does not match."""

_ESCAPE = 0x7D
_FLIPPED = 0x20
_CRC_BYTES = 4


def frame(body: bytes) -> bytes:
    r"""The bytes of a frame, from flag to flag.

    Parameters
    ----------
    body : bytes

    Examples
    --------
    >>> frame(b"\x02\x01\x00\x7e").hex(" ")
    '7e 02 01 00 7d 5e 9b 21 32 3d 7e'
    """
    checked = body + zlib.crc32(body).to_bytes(_CRC_BYTES, "little")
    escaped = checked.replace(b"\x7d", b"\x7d\x5d").replace(b"\x7e", b"\x7d\x5e")
    return FLAG + escaped + FLAG


@dataclass(frozen=True)
class Rejected:
    """A frame that is dropped.

    Attributes
    ----------
    reason : str
        :data:`ABORTED` or :data:`BAD`.
    """

    reason: str


@dataclass
class Deframer:
    r"""Bodies of frames from the bytes of a line, in pieces of any size.

    Examples
    --------
    >>> deframer = Deframer()
    >>> line = frame(b"\x82\x01\x00") + frame(b"\x81\x02\x00")
    >>> list(deframer.feed(line[:15]))
    [b'\x82\x01\x00']
    >>> list(deframer.feed(line[15:]))
    [b'\x81\x02\x00']
    """

    _held: bytearray = field(default_factory=bytearray)

    def feed(self, line: bytes) -> Iterator[bytes | Rejected]:
        """The body of each frame that ends in ``line``, or why it is dropped."""
        first, *others = line.split(FLAG)
        self._held += first
        for piece in others:
            held = bytes(self._held)
            self._held = bytearray(piece)
            if held:
                yield _body(held)


def _body(escaped: bytes) -> bytes | Rejected:
    checked, escapes = bytearray(), False
    for byte in escaped:
        if byte == _ESCAPE and not escapes:
            escapes = True
            continue
        checked.append(byte ^ (_FLIPPED if escapes else 0))
        escapes = False
    if escapes:
        return Rejected(ABORTED)
    body, crc = bytes(checked[:-_CRC_BYTES]), bytes(checked[-_CRC_BYTES:])
    if not body or zlib.crc32(body) != int.from_bytes(crc, "little"):
        return Rejected(BAD)
    return body
