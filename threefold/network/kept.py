"""Kept channels: the part of a tensor that a narrower network uses."""

from dataclasses import dataclass

import numpy as np

from ..errors import NetworkError

__all__ = ["Kept"]

_MAX_BLOCKS = 256  # more than any network has; an untrusted file might ask for millions


@dataclass(frozen=True)
class Kept:
    """Blocks of channels side by side, the first few kept of each.

    Convolutions make one block, concatenations several; where a map became a vector, the blocks
    come again for each pixel. A block that is whole is merged with the next.

    Parameters
    ----------
    blocks : tuple of (int, int)
        Channels of each block, and how many of them are kept.
    pixels : int
        How often the blocks occur.

    Raises
    ------
    NetworkError
        If there are too many blocks.
    """

    blocks: tuple[tuple[int, int], ...]
    pixels: int = 1

    def __post_init__(self):
        merged = [self.blocks[0]]
        for block in self.blocks[1:]:
            channels, used = merged[-1]
            if channels == used:
                merged[-1] = (channels + block[0], used + block[1])
            else:
                merged.append(block)
        _require_few(len(merged))
        (channels, used), *others = merged
        if not others and channels == used:
            merged, pixels = [(channels * self.pixels, used * self.pixels)], 1
        else:
            pixels = self.pixels
        object.__setattr__(self, "blocks", tuple(merged))
        object.__setattr__(self, "pixels", pixels)

    @classmethod
    def first(cls, channels: int, used: int | None = None) -> "Kept":
        """The first ``used`` of ``channels``; all of them if left out."""
        return cls(((channels, channels if used is None else used),))

    @property
    def channels(self) -> int:
        """Channels of the whole tensor."""
        return self.pixels * sum(channels for channels, _ in self.blocks)

    @property
    def used(self) -> int:
        """Channels that are kept."""
        return self.pixels * sum(used for _, used in self.blocks)

    @property
    def is_whole(self) -> bool:
        """Whether all are kept."""
        return self.used == self.channels

    @property
    def is_first(self) -> bool:
        """Whether those kept come before all others."""
        return self.pixels == len(self.blocks) == 1

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """Within a pixel, where channels that are kept begin, and how many there are."""
        ends = np.cumsum([channels for channels, _ in self.blocks])
        return tuple(
            (int(end) - channels, used)
            for end, (channels, used) in zip(ends, self.blocks, strict=True)
        )

    def beside(self, other: "Kept") -> "Kept":
        """These channels, then those of ``other``.

        Raises
        ------
        NetworkError
            If there are too many blocks.
        """
        _require_few(max(self.pixels, other.pixels))
        return Kept(self.blocks * self.pixels + other.blocks * other.pixels)

    def flattened(self, pixels: int) -> "Kept":
        """Those of the vector that a map of so many pixels becomes."""
        return Kept(self.blocks, self.pixels * pixels)

    def take(self, array: np.ndarray, axis: int) -> np.ndarray:
        """What an array has along ``axis`` for the channels that are kept."""
        array = np.moveaxis(array, axis, 0)
        rest = array.shape[1:]
        array = array.reshape(self.pixels, -1, *rest)
        parts = [array[:, start : start + used] for start, used in self.spans]
        return np.moveaxis(np.concatenate(parts, axis=1).reshape(-1, *rest), 0, axis)


def _require_few(blocks: int) -> None:
    if blocks > _MAX_BLOCKS:
        raise NetworkError(
            f"channels are kept in {blocks} blocks, but {_MAX_BLOCKS} are the most; concatenate "
            "fewer tensors"
        )
