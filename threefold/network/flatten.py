"""Flattening: a map as a vector."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from .kept import Kept
from .op import Op
from .types import Tensor

__all__ = ["Flatten"]


@dataclass(frozen=True, eq=False)
class Flatten(Op, kind="flatten"):
    """All elements as the channels of one pixel, in the order row, column, channel."""

    def infer(self, *inputs: Tensor) -> Tensor:
        (tensor,) = inputs
        return Tensor((1, 1, tensor.size), tensor.element)

    def attributes(self) -> dict:
        return {}

    def places(self, types: Sequence[Tensor]) -> tuple[tuple[int, int], ...]:
        height, width, channels = types[0].shape
        return tuple((0, pixel * channels) for pixel in range(height * width))

    def narrowed(
        self, inputs: Sequence[Kept], types: Sequence[Tensor], own: Self | None = None
    ) -> tuple[Self, Kept]:
        height, width, _ = types[0].shape
        return self, inputs[0].flattened(height * width)
