"""Kernels, strides and paddings as layers take them: short forms, checked and written out."""

import reprlib

from threefold.errors import TrainingError

__all__ = ["four", "pair"]

Pair = tuple[int, int]
Four = tuple[int, int, int, int]


def pair(value: int | Pair, what: str) -> Pair:
    """(vertical, horizontal) of one number for both, or of the two; ``what`` names it in errors.

    Raises
    ------
    TrainingError
        If it is neither, or a number is below 1.
    """
    numbers = (value, value) if isinstance(value, int) else value
    return _checked(numbers, value, what, (2,), 1)


def four(value: int | Pair | Four, what: str) -> Four:
    """(top, left, bottom, right) of one number for all, of (vertical, horizontal), or of the four.

    Raises
    ------
    TrainingError
        If it is none of them, or a number is negative.
    """
    numbers = (value,) * 4 if isinstance(value, int) else value
    numbers = _checked(numbers, value, what, (2, 4), 0)
    return numbers * 2 if len(numbers) == 2 else numbers


def _checked(numbers, value, what: str, lengths: tuple[int, ...], least: int) -> tuple:
    if (
        not isinstance(numbers, list | tuple)
        or len(numbers) not in lengths
        or not all(isinstance(number, int) and number >= least for number in numbers)
    ):
        counts = " or ".join(map(str, (1, *lengths)))
        raise TrainingError(
            f"{what} must be {counts} integers of {least} or more, not {reprlib.repr(value)}"
        )
    return tuple(numbers)
