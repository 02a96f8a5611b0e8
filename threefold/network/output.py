"""How a classifier ends: integer logits, and the class with the largest."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..errors import NetworkError
from .op import Op, frozen_integers, require_integers
from .types import Codes, Integers, Tensor

__all__ = ["ArgMax", "Logits"]


@dataclass(frozen=True, eq=False)
class Logits(Op):
    """Accumulators plus an integer bias for each channel.

    Parameters
    ----------
    bias : array of int, shape (channels,)
    """

    bias: np.ndarray

    kind: ClassVar[str] = "logits"

    def __post_init__(self):
        object.__setattr__(self, "bias", frozen_integers(self.bias, "biases", ndim=1))
        if np.abs(self.bias).max() >= 2**31:
            raise NetworkError(f"biases must fit 32 bits, not {np.abs(self.bias).max()}")

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

    @classmethod
    def from_parts(cls, attributes: dict, arrays: dict[str, np.ndarray]) -> "Logits":
        return cls(arrays["bias"], **attributes)


@dataclass(frozen=True, eq=False)
class ArgMax(Op):
    """Index of the largest channel; the lowest such index on a tie."""

    kind: ClassVar[str] = "argmax"

    def infer(self, *inputs: Tensor) -> Tensor:
        (tensor,) = inputs
        require_integers("arg-max", tensor)
        height, width, channels = tensor.shape
        if channels < 2:
            raise NetworkError("arg-max needs at least 2 channels to choose from, not 1")
        return Tensor((height, width, 1), Codes(channels - 1))

    def attributes(self) -> dict:
        return {}

    @classmethod
    def from_parts(cls, attributes: dict, arrays: dict[str, np.ndarray]) -> "ArgMax":
        return cls(**attributes)
