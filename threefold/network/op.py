"""What every operation of a network offers."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from ..errors import NetworkError
from .types import Codes, Integers, Tensor

__all__ = ["Op", "require_codes", "require_integers", "sum_of"]


class Op(ABC):
    """One operation: what it accepts, what it gives, and what of it is stored in a file.

    A new operation is a frozen dataclass in a module of its own, each of whose fields is an
    attribute or an array; naming it in ``OPS`` of ``threefold/network/file.py`` makes files
    load it. Its ``__post_init__`` trusts nothing: files are built by calling it. What it
    computes is defined in ``sim/golden.py``.

    Attributes
    ----------
    kind : str
        Name in files, in snake case.
    arity : int
        Number of input tensors.
    """

    kind: ClassVar[str]
    arity: ClassVar[int] = 1

    @abstractmethod
    def infer(self, *inputs: Tensor) -> Tensor:
        """Type of the output for inputs of these types.

        Raises
        ------
        NetworkError
            If the inputs do not fit.
        """

    @abstractmethod
    def attributes(self) -> dict:
        """Small parameters, as JSON values."""

    def arrays(self) -> dict[str, np.ndarray]:
        """Integer arrays, by name."""
        return {}


def require_codes(op: str, tensor: Tensor) -> Codes:
    """The codes of ``tensor``, or an error that says ``op`` wanted codes."""
    if not isinstance(tensor.element, Codes):
        raise NetworkError(f"{op} reads codes, not {tensor.element}; put a Threshold before it")
    return tensor.element


def require_integers(op: str, tensor: Tensor) -> Integers:
    """The integers of ``tensor``, or an error that says ``op`` wanted integers."""
    if not isinstance(tensor.element, Integers):
        raise NetworkError(f"{op} reads accumulators, not {tensor.element}; put a Conv before it")
    return tensor.element


def sum_of(max_code: int, step: int, offset: int) -> Codes:
    """The type of a sum of codes, or an error that says such a sum is too large.

    Parameters
    ----------
    max_code, offset : int
        Sums of the largest codes and of the offsets.
    step : int
        That of each code.
    """
    if max_code.bit_length() > Codes.MAX_BITS:
        raise NetworkError(
            f"sums of codes up to {max_code} need {max_code.bit_length()} bits, but codes have at "
            f"most {Codes.MAX_BITS}; add fewer or smaller codes"
        )
    if offset < -(2**31) or max(offset, step * max_code + offset) >= 2**31:
        raise NetworkError(
            f"sums of values {offset}…{step * max_code + offset} must fit 32 bits; "
            "add fewer or smaller values"
        )
    return Codes(max_code, step, offset)
