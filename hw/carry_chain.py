"""Carry chain: sums of two operands, one of them masked, in the cells of a family."""

from collections.abc import Sequence
from typing import NamedTuple

from amaranth.hdl import Const, Module, Signal, Value

from threefold.fpga import MaskedCarry

from .primitive import primitive

__all__ = ["Place", "carry_chain"]


class Place(NamedTuple):
    """What goes into one bit of a chain, which adds ``(code & nonzero) ^ negative`` to ``addend``.

    Attributes
    ----------
    code, addend, nonzero, negative : Value
        A bit each.
    """

    code: Value
    addend: Value
    nonzero: Value
    negative: Value


def carry_chain(
    m: Module, cell: MaskedCarry, places: Sequence[Place], carry: Value | None = None
) -> Signal:
    """Add the cells of a chain to a module.

    Parameters
    ----------
    m : Module
    cell : MaskedCarry
    places : sequence of Place
        From the lowest bit up.
    carry : Value, optional
        What is added besides; nothing if left out.

    Returns
    -------
    Signal
        The sum, with as many bits as all cells have places.
    """
    zero = Const(0, 1)
    places = [*places, *[Place(zero, zero, zero, zero)] * (-len(places) % cell.bits)]
    total = Signal(len(places), name="chain_total")
    carry = zero if carry is None else carry
    for n in range(0, len(places), cell.bits):
        signals = {}
        for k, place in enumerate(places[n : n + cell.bits]):
            signals |= {f"{name}_{k}": value for name, value in place._asdict().items()}
            signals[f"sum_{k}"] = total[n + k]
        number = n // cell.bits
        carry_out = Signal(name=f"carry_{number}")
        m.submodules[f"cell_{number}"] = primitive(
            cell.cell, **signals, carry_in=carry, carry_out=carry_out
        )
        carry = carry_out
    return total
