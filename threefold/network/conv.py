"""Convolution with integer weights; a dense layer is a convolution over the whole input."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from ..errors import NetworkError
from .check import as_integer, frozen_integers
from .kept import Kept
from .op import Op, require_codes
from .types import Codes, Integers, Tensor
from .window import as_padding, as_stride, slide

__all__ = ["Conv", "Dense"]

_EXACT = 2**53  # the golden model computes sums in doubles, exact integers below


@dataclass(frozen=True, eq=False)
class Conv(Op, kind="conv"):
    """Two-dimensional convolution with weights of few bits, giving exact sums of values.

    Parameters
    ----------
    weights : array of int, shape (filters, kernel height, kernel width, channels per group)
        The order of the last three axes is the order of columns wherever a filter is a row.
    stride : (int, int)
        Vertical and horizontal step.
    padding : (int, int, int, int)
        Rows and columns of value 0 added at the top, left, bottom, right. The sum of a window
        of padding alone is 0.
    groups : int
        Input channels and filters are split into this many independent groups.
    bits : int
        Width of a weight, 2 to :attr:`MAX_BITS`, sign included: weights are −1, 0, +1 in 2 bits and
        −(2ⁿ − 1)…2ⁿ − 1 in n + 1. Such a range is the same for negated weights; −128…127 takes 9.

    Raises
    ------
    NetworkError
        If a weight is out of the range of ``bits``, or a parameter is out of range.
    """

    MAX_BITS: ClassVar[int] = 9

    weights: np.ndarray
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    groups: int = 1
    bits: int = 2

    def __post_init__(self):
        object.__setattr__(self, "bits", as_integer(self.bits, "bits", 2, self.MAX_BITS))
        dtype = np.int8 if self.bits <= np.iinfo(np.int8).bits else np.int16
        weights = frozen_integers(self.weights, "weights", ndim=4, dtype=dtype)
        _require_range(weights, self.bits)
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "stride", as_stride(self.stride))
        object.__setattr__(self, "padding", as_padding(self.padding))
        object.__setattr__(self, "groups", as_integer(self.groups, "groups", 1, self.filters))
        if self.filters % self.groups:
            raise NetworkError(f"groups must divide {self.filters} filters, not {self.groups}")

    @property
    def filters(self) -> int:
        """Number of filters, which is the number of output channels."""
        return self.weights.shape[0]

    @property
    def matrix(self) -> np.ndarray:
        """Weights as (filters, columns), int8, or int16 if they have 9 bits."""
        return self.weights.reshape(self.filters, -1)

    @property
    def ternary(self) -> bool:
        """Whether weights are −1, 0, +1."""
        return self.bits == 2

    @property
    def digits(self) -> int:
        """Ternary digits that weights of this width take: w = Σ 2^d · digit d."""
        return self.bits - 1

    @property
    def magnitudes(self) -> np.ndarray:
        """Sum of the magnitudes of each filter's weights: int64, shape (filters,)."""
        return np.abs(self.matrix).sum(axis=1, dtype=np.int64)

    @property
    def macs_per_pixel(self) -> int:
        """Multiply-accumulates that one output pixel would take without skipping."""
        return self.weights.size

    def bounds(self, codes: Codes) -> tuple[np.ndarray, np.ndarray]:
        """Smallest and largest sum of each filter, exactly, for inputs of type ``codes``.

        Padding changes nothing: it supplies a code that means 0.

        Returns
        -------
        lo, hi : arrays of int64, shape (filters,)
        """
        positive = np.maximum(self.matrix, 0).sum(axis=1, dtype=np.int64)
        negative = positive - self.matrix.sum(axis=1, dtype=np.int64)
        return (
            positive * codes.lo - negative * codes.hi,
            positive * codes.hi - negative * codes.lo,
        )

    def infer(self, *inputs: Tensor) -> Tensor:
        (tensor,) = inputs
        codes = require_codes("a convolution", tensor)
        channels, depth = tensor.shape[2], self.weights.shape[3]
        if channels % self.groups:
            raise NetworkError(f"groups must divide {channels} input channels, not {self.groups}")
        if channels != depth * self.groups:
            raise NetworkError(
                f"weights read {depth * self.groups} channels, but the input has {channels}"
            )
        if any(self.padding) and codes.zero_code is None:
            raise NetworkError(f"no code of {codes} means 0, so padding has nothing to supply")
        pixels = slide(tensor, self.weights.shape[1:3], self.stride, self.padding)
        most = self.matrix.shape[1] * (2**self.digits - 1)
        if max(abs(codes.lo), abs(codes.hi)) * most >= _EXACT:
            raise NetworkError(f"sums over {codes} need more than 53 bits; use smaller values")
        lo, hi = self.bounds(codes)
        return Tensor((*pixels, self.filters), Integers(int(lo.min()), int(hi.max())))

    def attributes(self) -> dict:
        width = {} if self.ternary else {"bits": self.bits}
        return {
            "stride": list(self.stride),
            "padding": list(self.padding),
            "groups": self.groups,
            **width,
        }

    def arrays(self) -> dict[str, np.ndarray]:
        return {"weights": self.weights}

    def places(self, types: Sequence[Tensor]) -> tuple[tuple[int, int], ...] | None:
        depthwise = self.weights.shape[3] == 1 and self.filters == self.groups
        return ((0, 0),) if depthwise else None

    def reordered(
        self,
        orders: Sequence[np.ndarray],
        types: Sequence[Tensor],
        own: np.ndarray | None = None,
    ) -> tuple[Self, np.ndarray]:
        (order,) = orders
        depth, filters = self.weights.shape[3], self.filters // self.groups
        groups, channels = np.divmod(order.reshape(self.groups, depth), depth)
        if (groups != groups[:, :1]).any():
            raise NetworkError(
                f"channels of its input must stay in their {self.groups} groups of {depth}"
            )
        if own is None:
            own = (groups[:, :1] * filters + np.arange(filters)).ravel()
        if (own.reshape(self.groups, filters) // filters != groups[:, :1]).any():
            raise NetworkError(
                f"filters must stay in their {self.groups} groups of {filters}, "
                "which follow the order of its input"
            )
        rows, columns = np.arange(self.filters)[:, None], channels.repeat(filters, axis=0)
        weights = self.weights[own].transpose(0, 3, 1, 2)[rows, columns].transpose(0, 2, 3, 1)
        return replace(self, weights=weights), own

    def narrowed(
        self,
        inputs: Sequence[Kept],
        types: Sequence[Tensor],
        own: Self | None = None,
        filters: int | None = None,
    ) -> tuple[Self, Kept]:
        """As for every operation; it uses its first ``filters``, or all if left out."""
        (kept,) = inputs
        used, depth = self.filters if filters is None else filters, self.weights.shape[3]
        if used > self.filters:
            raise NetworkError(f"it uses {used} filters, but there are {self.filters}")
        if self.groups == 1:
            part = replace(self, weights=kept.take(self.weights[:used], 3))
        elif kept.is_whole and used == self.filters:
            part = self
        elif depth > 1 or not kept.is_first or used * self.groups != self.filters * kept.used:
            raise NetworkError(
                f"{used} of {self.filters} filters in {self.groups} groups do not match "
                f"{kept.used} of {kept.channels} channels; only a depthwise convolution gets "
                "narrower, by as much as its input"
            )
        else:
            part = replace(self, weights=self.weights[:used], groups=kept.used)
        return part, Kept.first(self.filters, used)


def Dense(weights, shape: tuple[int, int, int] | None = None, bits: int = 2) -> Conv:  # noqa: N802
    """A fully connected layer, as the convolution over the whole input that it is.

    Parameters
    ----------
    weights : array of int, shape (outputs, inputs)
        Inputs in the order height, width, channel.
    shape : (int, int, int)
        Shape of the input tensor; a vector of all inputs if left out.
    bits : int
        Width of a weight, as in :class:`Conv`.

    Raises
    ------
    NetworkError
        If ``weights`` is not a matrix, does not fit ``bits``, or does not cover ``shape``.
    """
    matrix = frozen_integers(weights, "weights", ndim=2)
    shape = shape or (1, 1, matrix.shape[1])
    if matrix.shape[1] != math.prod(shape):
        raise NetworkError(f"weights have {matrix.shape[1]} columns, which do not cover {shape}")
    return Conv(matrix.reshape(len(matrix), *shape), bits=bits)


def _require_range(weights: np.ndarray, bits: int) -> None:
    """Raise unless weights are within the range of their width."""
    largest, lo, hi = 2 ** (bits - 1) - 1, int(weights.min()), int(weights.max())
    if max(-lo, hi) <= largest:
        return
    needed = max(-lo, hi).bit_length() + 1
    if needed > Conv.MAX_BITS:
        remedy = f"scale them to at most {Conv.MAX_BITS} bits"
    else:
        remedy = f"ternarize first, or state bits={needed}" if bits == 2 else f"state bits={needed}"
    allowed = "-1, 0 or 1" if bits == 2 else f"-{largest}…{largest} with bits={bits}"
    raise NetworkError(f"weights must be {allowed}, not {lo}…{hi}; {remedy}")
