"""Compiled function: by Numba, kept between runs where there is a folder for that."""

from collections.abc import Callable

from numba import njit

__all__ = ["compiled"]


def compiled(function: Callable) -> Callable:
    """The function, compiled when it is first called.

    Its machine code is kept beside its source or in the user's folder of caches; if neither can be
    written, it is compiled in each run.
    """
    try:
        return njit(cache=True)(function)
    except RuntimeError:  # "no locator available": nowhere to keep it
        return njit(function)
