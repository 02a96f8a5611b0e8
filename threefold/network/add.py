"""The sum of two branches, as where a residual block ends."""

from dataclasses import dataclass
from typing import ClassVar

from ..errors import NetworkError
from .op import Op, require_codes, sum_of
from .types import Tensor

__all__ = ["Add"]


@dataclass(frozen=True, eq=False)
class Add(Op):
    """Code by code, the sum of two tensors of equal shape and equal step.

    Equal steps make the sum of codes mean the sum of values; largest codes and offsets may
    differ and are added too.
    """

    kind: ClassVar[str] = "add"
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
