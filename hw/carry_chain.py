"""Carry chain: sums of two operands, one of them masked, in the cells of a family."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from amaranth.hdl import Const, Module, Signal, Value

from threefold.fpga import Bits, MaskedCarry

from .primitive import primitive

__all__ = ["Place", "carry_chain"]


class Place(NamedTuple):
    """What goes into one bit of a chain, which adds ``(code & nonzero) ^ negative`` to ``addend``.

    Attributes
    ----------
    code, addend, nonzero : Value
        A bit each.
    negative : Value or None
        A bit; None for 0, which takes no wire.
    """

    code: Value
    addend: Value
    nonzero: Value
    negative: Value | None


def carry_chain(
    m: Module, cell: MaskedCarry, places: Sequence[Place | None], carry: Value | None = None
) -> Signal:
    """Add the cells of a chain to a module.

    Parameters
    ----------
    m : Module
    cell : MaskedCarry
    places : sequence of Place or None
        From the lowest bit up. None propagates and generates nothing: the sum has the carry of the
        place before there.
    carry : Value, optional
        A bit that is added besides, as the carry into the first cell, in front of which placers
        put another. If left out there is a place in front of the first bit that propagates and
        generates nothing, so that it does not matter what that carry is.

    Returns
    -------
    Signal
        The sum, with as many bits as there are places, or some more.
    """
    one = Const(1, 1)
    front = int(carry is None)
    filled = [*[None] * front, *places]
    filled += [None] * (-len(filled) % cell.bits)
    total = Signal(len(filled), name="chain_total")
    carries = Const(0, 1) if carry is None else carry
    for n in range(0, len(filled), cell.bits):
        signals, contents = {}, {}
        for k, place in enumerate(filled[n : n + cell.bits]):
            given = place or Place(one, one, one, one)
            if place is None:
                contents[cell.contents[k]] = Bits(0, cell.unsigned.width)
            elif place.negative is None:
                contents[cell.contents[k]] = cell.unsigned
                given = place._replace(negative=one)
            signals |= {f"{name}_{k}": value for name, value in given._asdict().items()}
            signals[f"sum_{k}"] = total[n + k]
        number = n // cell.bits
        carry_out = Signal(name=f"carry_{number}")
        m.submodules[f"cell_{number}"] = primitive(
            replace(cell.cell, parameters={**cell.cell.parameters, **contents}),
            **signals,
            carry_in=carries,
            carry_out=carry_out,
        )
        carries = carry_out
    return total[front:]
