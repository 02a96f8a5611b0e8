"""Primitive cells of FPGAs as plain data, for the generator to instantiate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil, inf
from typing import NamedTuple

__all__ = ["Bits", "Cell", "LutTree", "MaskedCarry", "SinglePort"]


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

    @property
    def step(self) -> int:
        """Rows by which a memory grows that is larger than a RAM: a quarter of them."""
        return max(1, self.rows // 4)

    def columns(self, width: int) -> int:
        """Words of a row of ``width`` bits."""
        return ceil(width / self.bits)

    def pitch(self, width: int, depth: int) -> int:
        """Rows from the first words of a memory's rows to the second ones, and so on.

        They are one behind the other: words of a RAM, and of the next where that is full. Words of
        the same row are in different RAMs, since the pitch is that of a RAM or more. It is a
        multiple of that if no RAM is saved otherwise.
        """
        rows, columns = self.rows, self.columns(width)
        whole, closest = rows * ceil(depth / rows), self.step * ceil(depth / self.step)
        closest = max(rows, closest)
        return closest if ceil(columns * closest / rows) < columns * whole // rows else whole

    def count(self, width: int, depth: int) -> int:
        """RAMs that a memory of ``depth`` rows of ``width`` bits takes."""
        return ceil(self.columns(width) * self.pitch(width, depth) / self.rows)

    def filled(self, width: int, depth: int) -> int:
        """Rows of ``width`` bits for which as many RAMs have room as ``depth`` rows take."""
        room = self.count(width, depth) * self.rows // self.columns(width)
        return max(self.rows, room // self.step * self.step)


@dataclass(frozen=True, eq=False)
class LutTree:
    """LUTs, and the multiplexers beside them that select among their outputs.

    Parameters
    ----------
    lut : Cell
        Its inputs ``"address_n"``, for each bit ``n`` of the address from 0, and its output
        ``"bit"``.
    contents : str
        Parameter of ``lut`` that holds its rows, that of address 0 lowest.
    multiplexers : tuple of Cell
        What joins two LUTs, two such pairs, and so on: inputs ``"low"``, ``"high"`` and
        ``"select"``, and output ``"bit"``.
    """

    lut: Cell
    contents: str
    multiplexers: tuple[Cell, ...]

    @property
    def lut_rows(self) -> int:
        """Rows of a LUT."""
        return 2 ** len(self.lut.inputs)

    def luts(self, rows: int) -> int:
        """LUTs of a column of so many rows."""
        if rows <= self.lut_rows:
            return 1
        half = _half(rows)
        if self.has_multiplexer(rows):
            return 2 * half // self.lut_rows
        return self.luts(half) + self.luts(rows - half) + 1

    def selector_luts(self, inputs: int) -> float:
        """LUTs that select a bit of some inputs, two of them each; infinite if these are too many.

        The multiplexers beside them select among the LUTs.
        """
        luts = 2 ** max(0, (inputs - 1).bit_length() - 1)
        return luts if luts <= 1 << len(self.multiplexers) else inf

    def has_multiplexer(self, rows: int) -> bool:
        """Whether a multiplexer beside the LUTs joins the halves of a column, rather than a LUT.

        Its halves have as many LUTs as each other, so that a short upper one is filled up.
        """
        half = _half(rows)
        if half >= self.lut_rows << len(self.multiplexers):
            return False
        return 2 * half // self.lut_rows <= self.luts(half) + self.luts(rows - half) + 1


def _half(rows: int) -> int:
    """The largest power of two below a number of rows."""
    return 1 << (rows - 1).bit_length() - 1


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
    contents : tuple of str
        Parameters of ``cell`` that hold the LUT of each bit; 0 propagates and generates nothing.
    unsigned : Bits
        LUT of a bit whose weight is never negative, for 1 as ``"negative_n"``.
    narrowest : int
        Bits of the narrowest codes for which processing elements are smaller with it.
    """

    bits: int
    cell: Cell
    contents: tuple[str, ...]
    unsigned: Bits
    narrowest: int
