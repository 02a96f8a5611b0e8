"""Primitive cells of FPGAs as plain data, for the generator to instantiate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["Bits", "Cell", "MaskedCarry", "SinglePort"]


class Bits(NamedTuple):
    """A constant of some width in bits."""

    value: int
    width: int = 1


@dataclass(frozen=True, eq=False)
class Cell:
    """Primitive cell, and the roles of its ports.

    Parameters
    ----------
    name : str
        Name of the cell, by its vendor.
    inputs : mapping of str to str or Bits
        What drives each input: a signal, by its role, or a constant.
    outputs : mapping of str to str
        Role of the signal that each output drives.
    parameters : mapping of str to str, int or Bits
    attributes : mapping of str to str
    """

    name: str
    inputs: Mapping[str, str | Bits]
    outputs: Mapping[str, str]
    parameters: Mapping[str, str | int | Bits] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class SinglePort:
    """A RAM that reads or writes a row in a cycle.

    Parameters
    ----------
    bits : int
        Width of a row.
    rows : int
        Number of rows, a power of two.
    cell : Cell
        Its inputs ``"clock"``, ``"address"``, ``"data"`` (to write), ``"write"`` (rather than
        read) and ``"select"``, and its output ``"word"``, read in the cycle before.
    """

    bits: int
    rows: int
    cell: Cell


@dataclass(frozen=True, eq=False)
class MaskedCarry:
    """A cell of a carry chain whose LUTs also multiply one operand by a ternary weight.

    Parameters
    ----------
    bits : int
        Bits of a sum that it makes.
    cell : Cell
        For each bit ``n``, counted from 0, its inputs ``"code_n"``, ``"addend_n"``,
        ``"nonzero_n"`` and ``"negative_n"``, and its output ``"sum_n"``; besides ``"carry_in"`` and
        ``"carry_out"``.
    narrowest : int
        Bits of the narrowest codes for which processing elements are smaller with it.
    """

    bits: int
    cell: Cell
    narrowest: int
