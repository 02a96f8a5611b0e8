"""Outputs of a classifier: integer logits, and the class with the largest."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from ..errors import NetworkError
from .check import frozen_integers
from .op import Channelwise, Op, require_integers
from .types import Codes, Integers, Tensor

__all__ = ["ArgMax", "Logits"]


@dataclass(frozen=True, eq=False)
class Logits(Channelwise, kind="logits"):
    """Accumulators plus an integer bias for each channel.

    Parameters
    ----------
    bias : array of int, shape (channels,)

    Raises
    ------
    NetworkError
        If a bias does not fit 32 bits.
    """

    bias: np.ndarray

    varies: ClassVar[bool] = True

    def __post_init__(self):
        bias = frozen_integers(self.bias, "biases", ndim=1)
        if bias.min() < -(2**31) or bias.max() >= 2**31:
            raise NetworkError(f"biases must fit 32 bits, not {bias.min()}…{bias.max()}")
        object.__setattr__(self, "bias", bias)

    def infer(self, *inputs: Tensor) -> Tensor:
        (tensor,) = inputs
        sums = require_integers("logits", tensor)
        if tensor.shape[2] != len(self.bias):
            raise NetworkError(
                f"biases are given for {len(self.bias)} channels, but the input has "
                f"{tensor.shape[2]}"
            )
        bounds = Integers(sums.lo + int(self.bias.min()), sums.hi + int(self.bias.max()))
        return Tensor(tensor.shape, bounds)

    def attributes(self) -> dict:
        return {}

    def arrays(self) -> dict[str, np.ndarray]:
        return {"bias": self.bias}

    def selected(self, select: Callable[[np.ndarray], np.ndarray]) -> Self:
        return replace(self, bias=select(self.bias))


@dataclass(frozen=True, eq=False)
class ArgMax(Op, kind="argmax"):
    """Index of the largest channel; the lowest such index on a tie."""

    def infer(self, *inputs: Tensor) -> Tensor:
        (tensor,) = inputs
        require_integers("arg-max", tensor)
        height, width, channels = tensor.shape
        if channels < 2:
            raise NetworkError("arg-max needs at least 2 channels to choose from, not 1")
        return Tensor((height, width, 1), Codes(channels - 1))

    def attributes(self) -> dict:
        return {}
