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

    A place of its own in front makes the carry into the first, so that nothing is connected to the
    carry of the first cell, and placers begin the chain there.

    Parameters
    ----------
    m : Module
    cell : MaskedCarry
    places : sequence of Place or None
        From the lowest bit up. None propagates and generates nothing: the sum has the carry of the
        place before there.
    carry : Value, optional
        A bit that is added besides; nothing if left out.

    Returns
    -------
    Signal
        The sum, with as many bits as there are places, or some more.
    """
    one = Const(1, 1)
    nothing = Bits(0, cell.unsigned.width)
    filled: list[tuple[Place, Bits | None]] = []
    begin = None if carry is None else Place(carry, one, one, one)
    for number, place in enumerate([begin, *places]):
        if place is None:
            filled.append((Place(one, one, one, one), nothing))
        elif number == 0:
            filled.append((place, cell.begins))
        elif place.negative is None:
            filled.append((place._replace(negative=one), cell.unsigned))
        else:
            filled.append((place, None))
    filled += [(Place(one, one, one, one), nothing)] * (-len(filled) % cell.bits)

    total = Signal(len(filled), name="chain_total")
    carries: Value = Const(0, 1)
    for n in range(0, len(filled), cell.bits):
        signals, contents = {}, {}
        for k, (place, lut) in enumerate(filled[n : n + cell.bits]):
            signals |= {f"{name}_{k}": value for name, value in place._asdict().items()}
            signals[f"sum_{k}"] = total[n + k]
            if lut is not None:
                contents[cell.contents[k]] = lut
        number = n // cell.bits
        carry_out = Signal(name=f"carry_{number}")
        m.submodules[f"cell_{number}"] = primitive(
            replace(cell.cell, parameters={**cell.cell.parameters, **contents}),
            **signals,
            carry_in=carries,
            carry_out=carry_out,
        )
        carries = carry_out
    return total[1:]
