"""Values between layers: integers before the threshold that makes codes of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from ..thresholds import search
from .conv import Conv
from .threshold import Threshold
from .types import Codes, Tensor

__all__ = ["Sums", "Values"]


@dataclass(frozen=True, eq=False)
class Sums:
    """Accumulators of a convolution that has no node yet, so that its filters can be negated.

    Parameters
    ----------
    conv : Conv
    codes : Codes
        Type of what it reads.
    """

    conv: Conv
    codes: Codes

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Smallest and largest sum of each filter, int64, shape (filters,)."""
        return self.conv.bounds(self.codes)

    def negated(self, filters: np.ndarray) -> "Sums":
        """With the weights of some filters negated; ``filters`` is bool, shape (filters,)."""
        signs = np.where(filters, -1, 1)[:, None, None, None]
        return replace(self, conv=replace(self.conv, weights=self.conv.weights * signs))


@dataclass(frozen=True, eq=False, kw_only=True)
class Values:
    """Integers of known origin, before the threshold that makes codes of them.

    What real numbers they stand for, by which scale and functions, is added by subclasses: each
    way into a network has its own.

    Parameters
    ----------
    node : str
        Whose values these are; or which ``sums`` reads.
    type : Tensor
        Type of the values, those of ``sums`` where there are any.
    sums : Sums, optional
        Accumulators of a layer that has no node yet.
    """

    node: str
    type: Tensor
    sums: Sums | None = None

    @property
    def channels(self) -> int:
        """Number of channels."""
        return self.type.shape[2]

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Smallest and largest value of each channel, int64, shape (channels,)."""
        if self.sums is not None:
            return self.sums.bounds()
        lo, hi = self.type.element.lo, self.type.element.hi
        return np.full(self.channels, lo, np.int64), np.full(self.channels, hi, np.int64)

    def requantized(
        self,
        reference: Callable[[np.ndarray], np.ndarray],
        codes: Codes,
        negated: np.ndarray | None = None,
    ) -> tuple[Self, Threshold, np.ndarray]:
        """Values and the threshold that gives the codes of ``reference`` for all they can be.

        Parameters
        ----------
        reference : function
            Codes 0…``codes.max_code``, shape (rows, channels), of values, int64 of the same
            shape. Each channel of its own, never falling or never rising.
        codes : Codes
        negated : array of bool, shape (channels,), optional
            Channels whose weights are negated in any case; each of them falls or is constant.

        Returns
        -------
        values : Values
            With the filters of ``sums`` negated that fall.
        threshold : Threshold
            Threshold of the values, negated where channels fall.
        falling : array of bool, shape (channels,)
            Channels that fall as the value rises, and those of ``negated``.

        Raises
        ------
        NetworkError
            If a channel of ``negated`` rises.
        """
        thresholds, falling = search(reference, *self.bounds(), codes.max_code, negated)
        values = self
        if self.sums is not None and falling.any():
            values = replace(self, sums=self.sums.negated(falling))
        return values, Threshold(thresholds, codes.step, codes.offset), falling
