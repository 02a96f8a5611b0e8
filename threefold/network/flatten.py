"""A map as a vector."""

from dataclasses import dataclass
from typing import ClassVar

from .op import Op
from .types import Tensor

__all__ = ["Flatten"]


@dataclass(frozen=True, eq=False)
class Flatten(Op):
    """All elements as the channels of one pixel, in the order row, column, channel."""

    kind: ClassVar[str] = "flatten"

    def infer(self, *inputs: Tensor) -> Tensor:
        (tensor,) = inputs
        return Tensor((1, 1, tensor.size), tensor.element)

    def attributes(self) -> dict:
        return {}
