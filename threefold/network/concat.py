"""Concatenation of two branches along the channels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from ..errors import NetworkError
from .kept import Kept
from .op import Op, require_codes
from .types import Tensor

__all__ = ["Concat"]


@dataclass(frozen=True, eq=False)
class Concat(Op, kind="concat"):
    """The channels of the first input, then those of the second, at every pixel."""

    arity: ClassVar[int] = 2

    def infer(self, *inputs: Tensor) -> Tensor:
        first, second = inputs
        a, b = (require_codes("a concatenation", tensor) for tensor in inputs)
        if first.shape[:2] != second.shape[:2]:
            raise NetworkError(
                f"maps of different sizes cannot be concatenated: {first} and {second}"
            )
        if a != b:
            raise NetworkError(
                f"channels of different types cannot be concatenated: {a} and {b}; "
                "give them the same codes"
            )
        return Tensor((*first.shape[:2], first.shape[2] + second.shape[2]), a)

    def attributes(self) -> dict:
        return {}

    def places(self, types: Sequence[Tensor]) -> tuple[tuple[int, int], ...]:
        return ((0, 0), (1, types[0].shape[2]))

    def narrowed(
        self, inputs: Sequence[Kept], types: Sequence[Tensor], own: Self | None = None
    ) -> tuple[Self, Kept]:
        first, second = inputs
        return self, first.beside(second)
