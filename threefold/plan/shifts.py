"""Shifts: a multiple of a value by a constant, without a multiplier."""

from typing import NamedTuple

__all__ = ["Shift", "shifts"]


class Shift(NamedTuple):
    """A value times a power of two.

    Attributes
    ----------
    places : int
        Bits that the value moves up.
    subtracted : bool
        Whether it is subtracted.
    """

    places: int
    subtracted: bool


def shifts(constant: int) -> tuple[Shift, ...]:
    """The fewest shifts whose sum is a positive constant times a value: its non-adjacent form.

    The one with the most places comes first; it is added.
    """
    found, places = [], 0
    while constant:
        if constant & 1:
            digit = 2 - (constant & 3)  # -1 where another one follows
            found.append(Shift(places, digit < 0))
            constant -= digit
        constant >>= 1
        places += 1
    return tuple(reversed(found))
