"""Board: what it says it is, and what its images and results look like on the line."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import DataError

__all__ = ["Board"]


@dataclass(frozen=True)
class Board:
    """What a board says it is, as its registers of these names tell.

    Attributes
    ----------
    digest : int
        First 32 bits of the network's digest.
    inputs, outputs : int
        Codes of an image, and elements of a result.
    input_bits : int
        Bits of a code.
    element_bytes : int
        Bytes of an element.
    signed : bool
        Whether elements are signed.
    gives_class : bool
        Whether the output is the index of a class.
    classes : int
    clock_hz : int
        0 if it is not known.
    window : int
        Images that may be unanswered.
    narrower : int
        Widths of the network beside the whole.
    loadable : bool
        Whether program images are loaded into it.
    benchmark : bool
        Whether it runs images from its SDRAM.
    batch : int
        Images that have to be there before it gives results of any.
    """

    digest: int
    inputs: int
    outputs: int
    input_bits: int
    element_bytes: int
    signed: bool
    gives_class: bool
    classes: int
    clock_hz: int
    window: int
    loadable: bool = False
    narrower: int = 0
    benchmark: bool = False
    batch: int = 1

    @property
    def result_bytes(self) -> int:
        """Bytes of a result."""
        return self.outputs * self.element_bytes

    def payloads(self, images: np.ndarray, widths: Sequence[int] | None = None) -> list[bytes]:
        """Bytes of each image as the board takes them, ahead of them its width if it has several.

        Parameters
        ----------
        images : array of int, shape (images, ...)
            Input codes.
        widths : sequence of int, optional
            Number of the width of each image; 0, the whole network, if left out.

        Raises
        ------
        DataError
            If the board takes images of another size, or other codes, or lacks a width.
        """
        codes = self.codes(images)
        ahead = self._ahead(widths, len(codes))
        return [head + image.tobytes() for head, image in zip(ahead, codes, strict=True)]

    def result(self, payload: bytes) -> list[int]:
        """Output elements in the bytes of a result."""
        size = self.element_bytes
        return [
            int.from_bytes(payload[at : at + size], "little", signed=self.signed)
            for at in range(0, len(payload), size)
        ]

    def _ahead(self, widths: Sequence[int] | None, count: int) -> list[bytes]:
        """What is sent ahead of the codes of each image."""
        numbers = [0] * count if widths is None else [int(number) for number in widths]
        if len(numbers) != count:
            raise DataError(f"{count:,} images have as many widths, not {len(numbers):,}")
        most = self.narrower
        for number in numbers:
            if not 0 <= number <= most:
                raise DataError(f"the board has widths 0…{most}, not {number}")
        return [bytes([number]) if most else b"" for number in numbers]

    def codes(self, images: np.ndarray) -> np.ndarray:
        """Input codes as bytes, an image a row.

        Parameters
        ----------
        images : array of int, shape (images, ...)

        Raises
        ------
        DataError
            If the board takes images of another size, or other codes.
        """
        codes = np.asarray(images)
        codes = codes.reshape(len(codes), math.prod(codes.shape[1:]))
        if codes.shape[1] != self.inputs:
            raise DataError(
                f"the board takes images of {self.inputs:,} codes, not {codes.shape[1]:,}"
            )
        if codes.dtype.kind not in "iu":
            raise DataError(f"the board takes input codes, which are integers, not {codes.dtype}")
        highest = (1 << self.input_bits) - 1
        if codes.size and (codes.min() < 0 or codes.max() > highest):
            raise DataError(f"the board takes codes 0…{highest}, not {codes.min()}…{codes.max()}")
        return codes.astype(np.uint8)
