"""Addition of two branches, as at the end of a residual block."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from ..errors import NetworkError
from .kept import Kept
from .op import Op, require_codes, sum_of
from .types import Tensor

__all__ = ["Add"]


@dataclass(frozen=True, eq=False)
class Add(Op, kind="add"):
    """Code by code, the sum of two tensors of equal shape and equal step.

    Equal steps make the sum of codes mean the sum of values; largest codes and offsets may
    differ and are added too.
    """

    arity: ClassVar[int] = 2

    def infer(self, *inputs: Tensor) -> Tensor:
        first, second = inputs
        a, b = (require_codes("an addition", tensor) for tensor in inputs)
        if first.shape != second.shape:
            raise NetworkError(
                f"residuals of different shapes cannot be added: {first} and {second}"
            )
        if a.step != b.step:
            raise NetworkError(
                f"residuals of different types cannot be added: {a} and {b}; give them one step"
            )
        return Tensor(first.shape, sum_of(a.max_code + b.max_code, a.step, a.offset + b.offset))

    def attributes(self) -> dict:
        return {}

    def places(self, types: Sequence[Tensor]) -> tuple[tuple[int, int], ...]:
        return ((0, 0), (1, 0))

    def narrowed(
        self, inputs: Sequence[Kept], types: Sequence[Tensor], own: Self | None = None
    ) -> tuple[Self, Kept]:
        first, second = inputs
        if first != second:
            raise NetworkError("its inputs must keep the same channels")
        return self, first
