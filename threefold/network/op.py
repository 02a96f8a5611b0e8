"""What every operation of a network offers."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from ..errors import NetworkError
from .types import Codes, Integers, Tensor

__all__ = ["Op", "frozen_integers", "require_codes", "require_integers"]


class Op(ABC):
    """One operation: what it accepts, what it gives, and what of it is stored in a file.

    A new operation is a subclass in a module of its own; naming it in ``OPS`` of
    ``threefold/network/file.py`` makes files load it. What it computes is defined in
    ``sim/golden.py``.

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

    @classmethod
    @abstractmethod
    def from_parts(cls, attributes: dict, arrays: dict[str, np.ndarray]) -> "Op":
        """The operation back from :meth:`attributes` and :meth:`arrays`."""


def frozen_integers(array, what: str, ndim: int, dtype=np.int64) -> np.ndarray:
    """A read-only integer copy of ``array``; ``what`` names it in errors.

    Raises
    ------
    NetworkError
        If it holds no integers, has another number of dimensions, is empty, or does not fit
        ``dtype``.
    """
    array = np.asarray(array)
    if array.dtype.kind not in "iub":
        raise NetworkError(f"{what} must be integers, not {array.dtype}")
    if array.ndim != ndim or array.size == 0:
        raise NetworkError(f"{what} must be a non-empty {ndim}-d array, not shape {array.shape}")
    frozen = array.astype(dtype)
    if not np.array_equal(frozen, array):
        raise NetworkError(f"{what} must fit {np.dtype(dtype)}, not {array.min()}…{array.max()}")
    frozen.setflags(write=False)
    return frozen


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
