"""Requantization by comparison with sorted integer thresholds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from ..errors import NetworkError
from .check import frozen_integers
from .kept import Kept
from .op import Channelwise
from .types import Codes, Tensor

__all__ = ["Threshold"]

_LARGEST = 2**62  # so that hardware may move a threshold by a constant and stay within 64 bits


@dataclass(frozen=True, eq=False)
class Threshold(Channelwise, kind="threshold"):
    """Codes from integers: ``code = #{value >= threshold}``, with thresholds of each channel's own.

    The input is accumulators, or codes, whose values are what is compared: after an addition,
    say. Scale, bias, batch norm and activation function of a layer are all in the thresholds. A
    threshold above the largest value means "never", one at or below the smallest "always".

    Parameters
    ----------
    thresholds : array of int, shape (channels, largest code)
        Each row in ascending order; equal neighbours skip a code.
    step, offset : int
        Meaning of the codes, as in :class:`Codes`.

    Raises
    ------
    NetworkError
        If a row is not sorted, a threshold is beyond ±2^62, or the codes are not valid.
    """

    thresholds: np.ndarray
    step: int = 1
    offset: int = 0

    varies: ClassVar[bool] = True

    def __post_init__(self):
        thresholds = frozen_integers(self.thresholds, "thresholds", ndim=2)
        object.__setattr__(self, "thresholds", thresholds)
        if thresholds.min() < -_LARGEST or thresholds.max() > _LARGEST:
            raise NetworkError(
                f"thresholds must lie within ±{_LARGEST}, not {thresholds.min()}…{thresholds.max()}"
            )
        unsorted = np.flatnonzero((thresholds[:, 1:] < thresholds[:, :-1]).any(axis=1))
        if unsorted.size:
            raise NetworkError(f"thresholds of channel {unsorted[0]} must be in ascending order")
        object.__setattr__(self, "step", self.codes.step)
        object.__setattr__(self, "offset", self.codes.offset)

    @classmethod
    def identity(cls, codes: Codes, channels: int, factor: int = 1) -> "Threshold":
        """Each of ``codes`` itself, its value ``factor`` times what it was.

        Parameters
        ----------
        codes : Codes
            Type of the input.
        channels : int
        factor : int
            At least 1.
        """
        thresholds = np.tile(codes.values[1:], (channels, 1))
        return cls(thresholds, codes.step * factor, codes.offset * factor)

    @property
    def codes(self) -> Codes:
        """Type of the codes that come out."""
        return Codes(self.thresholds.shape[1], self.step, self.offset)

    def infer(self, *inputs: Tensor) -> Tensor:
        (tensor,) = inputs
        if tensor.shape[2] != len(self.thresholds):
            raise NetworkError(
                f"thresholds are given for {len(self.thresholds)} channels, but the input has "
                f"{tensor.shape[2]}"
            )
        return Tensor(tensor.shape, self.codes)

    def attributes(self) -> dict:
        return {"step": self.step, "offset": self.offset}

    def arrays(self) -> dict[str, np.ndarray]:
        return {"thresholds": self.thresholds}

    def selected(self, select: Callable[[np.ndarray], np.ndarray]) -> Self:
        return replace(self, thresholds=select(self.thresholds))

    def narrowed(
        self, inputs: Sequence[Kept], types: Sequence[Tensor], own: Self | None = None
    ) -> tuple[Self, Kept]:
        if own is not None and own.codes != self.codes:
            raise NetworkError(f"it gives {own.codes}, but {self.codes} in the network")
        return super().narrowed(inputs, types, own)
