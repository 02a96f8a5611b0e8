"""Fields of the rows of memories, as wide as their values need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .limits import Limits

__all__ = ["Field", "fields_of"]


@dataclass(frozen=True)
class Field:
    """A field of the rows of a memory.

    Parameters
    ----------
    name : str
    bits : int
        Width, at least 1.
    values : tuple of int
        Its value in each row, not negative.
    """

    name: str
    bits: int
    values: tuple[int, ...]

    @property
    def constant(self) -> bool:
        """Whether it is the same in all rows, so that nothing stores it."""
        return len(set(self.values)) == 1


def fields_of(
    rows: Sequence[Mapping[str, int]], widths: Mapping[str, int], limits: Limits
) -> tuple[Field, ...]:
    """Fields of rows, as wide as their limits say, as given, or as their values need.

    Parameters
    ----------
    rows : sequence of mapping of str to int
        Values by name, those of each row in the same order.
    widths : mapping of str to int
        Widths in bits that are given.
    limits : mapping of str to int
        Those of contents from outside, which come before widths.
    """
    fields = []
    for name in rows[0]:
        values = tuple(row[name] for row in rows)
        bits = widths.get(name, max(values).bit_length())
        fields.append(Field(name, max(1, limits.get(name, bits)), values))
    return tuple(fields)
