"""Checks shared by the parts of a network: integers within bounds."""

import operator
import reprlib
from typing import Literal, overload

import numpy as np

from ..errors import NetworkError

__all__ = ["as_integer", "as_integers", "frozen_integers"]


def as_integer(value, what: str, lo: int, hi: int) -> int:
    """``value`` as a Python integer of ``lo``…``hi``; ``what`` names it in errors.

    Raises
    ------
    NetworkError
        If it is not an integer, or a bool, or out of bounds.
    """
    if not _is_integer(value) or not lo <= operator.index(value) <= hi:
        raise NetworkError(f"{what} must be an integer of {lo}…{hi}, not {reprlib.repr(value)}")
    return operator.index(value)


@overload
def as_integers(values, what: str, count: Literal[2], lo: int, hi: int) -> tuple[int, int]: ...
@overload
def as_integers(values, what: str, count: Literal[3], lo: int, hi: int) -> tuple[int, int, int]: ...
@overload
def as_integers(
    values, what: str, count: Literal[4], lo: int, hi: int
) -> tuple[int, int, int, int]: ...
def as_integers(values, what: str, count: int, lo: int, hi: int) -> tuple[int, ...]:
    """``values`` as ``count`` Python integers of ``lo``…``hi``; ``what`` names them in errors.

    Raises
    ------
    NetworkError
        If it is no list or tuple of that many such integers.
    """
    if (
        not isinstance(values, list | tuple)
        or len(values) != count
        or not all(_is_integer(value) and lo <= operator.index(value) <= hi for value in values)
    ):
        raise NetworkError(
            f"{what} must be {count} integers of {lo}…{hi}, not {reprlib.repr(values)}"
        )
    return tuple(map(operator.index, values))


def frozen_integers(
    array, what: str, ndim: int, dtype: type[np.signedinteger] = np.int64
) -> np.ndarray:
    """A read-only integer copy of ``array``; ``what`` names it in errors.

    Raises
    ------
    NetworkError
        If it holds no integers, has another number of dimensions, is empty, or does not fit
        ``dtype``.
    """
    try:
        array = np.asarray(array)
    except ValueError:
        raise NetworkError(f"{what} must be an array, not rows of different lengths") from None
    if array.dtype.kind not in "iub":
        raise NetworkError(f"{what} must be integers, not {array.dtype}")
    if array.ndim != ndim or array.size == 0:
        raise NetworkError(f"{what} must be a non-empty {ndim}-d array, not shape {array.shape}")
    limits = np.iinfo(dtype)
    if int(array.min()) < limits.min or int(array.max()) > limits.max:
        raise NetworkError(f"{what} must fit {np.dtype(dtype)}, not {array.min()}…{array.max()}")
    frozen = array.astype(dtype)
    frozen.setflags(write=False)
    return frozen


def _is_integer(value) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool | np.bool_ | np.ndarray)
