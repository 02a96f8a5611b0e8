"""Streamed programs: what comes from a memory outside while an array works by it."""

import zlib
from collections.abc import Sequence
from functools import cached_property
from math import ceil, gcd
from typing import ClassVar

import numpy as np

from ...errors import PlanError
from .feed import Feed
from .limits import require, room
from .program import Program
from .weight_bytes import row_words

__all__ = ["CHECK_BITS", "NUMBER_BITS", "StreamedProgram"]

CHECK_BITS = 32
"""Width of the CRC of a pass, which its words follow."""

NUMBER_BITS = 16
"""Width of the number of a pass within its image, as far as it is part of the CRC."""

_FRAME_BYTES = 1024  # of a frame at most, unless a row is longer
_BURST_BYTES = 16  # which a frame is a multiple of
_LEAST_ROWS = 256  # of the memory on the chip


class StreamedProgram(Program):
    """Program whose rows come pass by pass, in the order in which they are used.

    The memory on the chip takes rows in turn and begins again behind its last. A pass begins when
    all of its rows are there and their CRC is right, and leaves them to others at its end; those of
    the next come meanwhile. The first bits of a pass are its CRC-32, of the words behind it, XOR
    the number of the pass, so that none is taken for another; then the number of its rows, whether
    it is the last, and how many rows are in front of its weights, if these come five to a byte.
    They are two bits each in the memory on the chip.

    A row is a whole number of words, and a frame a whole number of rows. Rows of 0 follow the last
    pass up to the end of a frame; they count as its own.
    """

    read_by: ClassVar[tuple[str, ...]] = (
        *("stored", "final", "plain"),
        *("tile_rows", "threshold_rows"),
    )
    sizes: ClassVar[tuple[str, ...]] = ("frame",)
    offset_parts: ClassVar[int] = 1

    @classmethod
    def depths(cls, programs: Sequence[Program], store: str) -> dict[str, int]:
        made = [program for program in programs if isinstance(program, cls)]
        most = max(program.most_unpadded for program in made)
        row, feed = made[0].row_bits // 8, made[0].feed
        quantum = _BURST_BYTES // gcd(_BURST_BYTES, row)
        frame = min(_FRAME_BYTES // row, most // 4)
        if feed.most:
            frame = min(frame, feed.most // made[0].row_words)
        frame = max(quantum, frame // quantum * quantum)
        rows = 1 << (max(_LEAST_ROWS, most + frame + max(frame, most // 2)) - 1).bit_length()
        bits = rows.bit_length()
        plain = bits * made[0].unpacks
        return {"program": rows, "stored": bits, "final": 1, "plain": plain, "frame": frame}

    @property
    def feed(self) -> Feed:
        """The memory that it comes from."""
        feed = self.contents.array.feed
        assert feed is not None
        return feed

    @property
    def word_bits(self) -> int:
        """Width of a word."""
        return self.feed.bits

    @property
    def row_bits(self) -> int:
        array, word = self.contents.array, self.word_bits
        return word * row_words(array.pe * array.simd, array.weights_per_byte, word)

    @property
    def unpacks(self) -> bool:
        """Whether weights are other bits in the memory on the chip than in the one outside."""
        return self.contents.array.weights_per_byte != 4

    @property
    def memory_bits(self) -> int:
        bytes_, per_byte = self.row_bits // 8, self.contents.array.weights_per_byte
        return 2 * per_byte * bytes_

    @property
    def row_words(self) -> int:
        """Words of a row."""
        return self.row_bits // self.word_bits

    @property
    def frame_words(self) -> int:
        """Words of a frame."""
        return self.limits["frame"] * self.row_words

    @property
    def frames(self) -> int:
        """Frames of an image."""
        return self.starts[-1] // self.limits["frame"]

    @property
    def check_bits(self) -> int:
        """Bits of the words that hold the CRC of a pass."""
        return self.word_bits * ceil(CHECK_BITS / self.word_bits)

    @cached_property
    def descriptor_fields(self) -> dict[str, int]:
        return {"check": self.check_bits} | super().descriptor_fields

    @cached_property
    def threshold_rows(self) -> list[int]:
        # Offsets are always there: those of a group do not take the place of those before.
        return [
            self.threshold.count(self.contents.block(each)[1].size // self.threshold_lanes)
            if each.work.offsets is not None
            else rows
            for each, rows in zip(self.contents.tiled, super().threshold_rows, strict=True)
        ]

    @property
    def unpadded(self) -> list[int]:
        """Rows of each pass, without those that follow the last."""
        return super().lengths

    @property
    def lengths(self) -> list[int]:
        *others, last = self.unpadded
        return [*others, last + -(sum(others) + last) % self.limits["frame"]]

    @property
    def freed(self) -> list[int]:
        """Rows that are left to others at the end of each pass."""
        return self.lengths

    @property
    def ending(self) -> list[bool]:
        """Whether what follows each pass waits until the memory on the chip is full again."""
        return [place == len(self.contents.tiled) - 1 for place in range(len(self.contents.tiled))]

    @property
    def most_unpadded(self) -> int:
        """Rows that have to be there at once, without those that follow the last pass."""
        return max(self.unpadded)

    @property
    def copied(self) -> list[int]:
        # A pass begins a cycle later, when the rows of the one before are left to others, and its
        # descriptor is there a cycle later.
        return [cycles + 2 for cycles in super().copied]

    def check(self, of: str) -> None:
        super().check(of)
        require(self.limits, "stored", max(self.lengths), of)
        require(self.limits, "final", 1, of)
        if self.unpacks:
            require(self.limits, "plain", max(self.plain_rows), of)
        if self.contents.offsets is not None:
            room(self.limits, "accumulator", self.contents.logit_bits)
        rows, frame = self.limits["program"], self.limits["frame"]
        if rows & (rows - 1):
            raise PlanError(f"the limit 'program' of {of!r} must be a power of two, not {rows:,}")
        if not frame > 0 or frame * self.row_bits % (8 * _BURST_BYTES):
            raise PlanError(
                f"the limit 'frame' of {of!r} must be rows of a multiple of {_BURST_BYTES} bytes, "
                f"not {frame:,} of {self.row_bits} bits"
            )

        size = self.starts[-1] * self.row_words
        if self.feed.holds and size > self.feed.holds:
            word = self.word_bits // 8
            raise PlanError(
                f"the program of {of!r} has {word * size:,} bytes, and the memory that it comes "
                f"from {word * self.feed.holds:,}; choose a smaller network"
            )
        if self.feed.most and self.frame_words > self.feed.most:
            raise PlanError(
                f"frames of {of!r} have {self.frame_words:,} words, and those of its feed "
                f"{self.feed.most:,} at most; let rows or frames be shorter"
            )

    def require_room(self) -> None:
        # A frame that is asked for must not wait for rows of the pass that waits for it.
        longest, frame, rows = max(self.freed), self.limits["frame"], self.limits["program"]
        if longest + frame - 1 > rows:
            raise PlanError(
                f"its longest pass has {longest:,} rows and a frame {frame:,}, and the memory on "
                f"the chip has room for {rows:,}"
            )

    @property
    def image_rows(self) -> np.ndarray:
        return self.rows.reshape(-1, _BURST_BYTES)

    @property
    def words(self) -> list[int]:
        """All words of an image."""
        size = self.word_bits // 8
        raw = self.rows.tobytes()
        return [int.from_bytes(raw[n : n + size], "little") for n in range(0, len(raw), size)]

    def pass_rows(self, place: int) -> np.ndarray:
        rows = super().pass_rows(place)
        rows = np.pad(rows, ((0, self.lengths[place] - len(rows)), (0, 0)))
        raw = bytearray(rows.tobytes())
        check = zlib.crc32(raw[self.check_bits // 8 :]) ^ place % (1 << NUMBER_BITS)
        raw[: CHECK_BITS // 8] = check.to_bytes(CHECK_BITS // 8, "little")
        return np.frombuffer(bytes(raw), np.uint8).reshape(rows.shape)

    def reading(self, place: int) -> dict[str, int]:
        return super().reading(place) | {
            "check": 0,
            "stored": self.lengths[place],
            "final": int(place == len(self.contents.tiled) - 1),
            "plain": self.plain_rows[place] if self.unpacks else 0,
        }
