"""Array that layers share: its lanes, and what it makes of the geometry of a pass."""

from dataclasses import dataclass, replace
from math import ceil
from typing import Self

from ...errors import PlanError
from .feed import Feed
from .passes import Pass
from .weight_bytes import DENSITIES

__all__ = ["Array"]


@dataclass(frozen=True)
class Array:
    """Processing elements that take passes in turn.

    A word is SIMD channels of a pixel; the last one of a pixel may have lanes without a channel,
    whose code is 0. Words of a map are in as many banks as there are pixels, by column.

    Parameters
    ----------
    pe : int
        Filters worked on at once, a multiple of ``simd``.
    simd : int
        Lanes of each processing element.
    pixels : int
        Neighbouring output pixels worked on at once.
    lanes : int
        Accumulator values that become codes at once, a divisor of ``simd``.
    copies : bool
        Whether maps are in one memory, from which a pass copies what it reads into the banks. Then
        there are as many neighbouring columns in the same bank as the stride of the pass, so that
        every stride suits the banks.
    feed : Feed, optional
        Memory outside from which weights come while it works, each once an image, if they are not
        in memories of its own. A pass with weights has one group of filters then.
    weights_per_byte : int
        How they come: one of :data:`~.weight_bytes.DENSITIES`.
    """

    pe: int
    simd: int
    pixels: int
    lanes: int
    copies: bool = False
    feed: Feed | None = None
    weights_per_byte: int = 4

    def check(self, name: str) -> None:
        """Raise unless the sizes fit each other.

        Raises
        ------
        PlanError
        """
        for what, size in (("SIMD width", self.simd), ("pixels", self.pixels)):
            if size < 1:
                raise PlanError(f"{what} of the array of {name!r} must be at least 1, not {size}")
        if self.pe < 1 or self.pe % self.simd:
            raise PlanError(
                f"PE count of the array of {name!r} must be a multiple of its SIMD width "
                f"{self.simd}, not {self.pe}"
            )
        if self.lanes < 1 or self.simd % self.lanes:
            raise PlanError(
                f"lanes of the array of {name!r} must divide its SIMD width {self.simd}, "
                f"not {self.lanes}"
            )
        if self.weights_per_byte not in DENSITIES:
            raise PlanError(
                f"weights of a byte of {name!r} must be {' or '.join(map(str, DENSITIES))}, "
                f"not {self.weights_per_byte}"
            )

    @property
    def group_words(self) -> int:
        """Words of a pixel that the processing elements give."""
        return self.pe // self.simd

    def pitch(self, channels: int) -> int:
        """Words of a pixel."""
        return ceil(channels / self.simd)

    @property
    def stored(self) -> Self:
        """The array as maps lie between passes: in a single bank if passes copy them."""
        return replace(self, pixels=1) if self.copies else self

    def row(self, shape: tuple[int, int, int], spread: int = 1) -> int:
        """Places of a row of a map in each bank, with ``spread`` neighbouring columns in one."""
        return ceil(shape[1] / (self.pixels * spread)) * spread * self.pitch(shape[2])

    def size(self, shape: tuple[int, int, int]) -> int:
        """Places of a map in each bank."""
        return shape[0] * self.row(shape)

    def port_lanes(self, channels: int) -> int:
        """Codes of a beat that enters or leaves: those of a pixel or word, or what divides both."""
        if channels <= self.simd:
            return channels
        return next(n for n in range(self.simd, 0, -1) if not channels % n and not self.simd % n)

    def word_beats(self, channels: int) -> tuple[int, int]:
        """Beats in which a word enters or leaves, and in which the last of a pixel does."""
        lanes = self.port_lanes(channels)
        last = channels - (self.pitch(channels) - 1) * self.simd
        return min(channels, self.simd) // lanes, last // lanes

    def pixels_of(self, step: Pass) -> int:
        """Output pixels that a pass works on at once.

        Their columns are a stride apart, and have to be in different banks.

        Raises
        ------
        PlanError
            If the stride is neither a divisor nor a multiple of the number of banks.
        """
        stride = step.window.stride[1]
        if step.window.out[1] == 1:
            return 1
        if self.copies:
            return self.pixels
        if stride % self.pixels == 0:
            return 1
        if self.pixels % stride:
            raise PlanError(
                f"{self.pixels} pixels at once do not suit {step.name!r}: they must be a multiple "
                f"of its stride {stride} or divide it"
            )
        return self.pixels // stride
