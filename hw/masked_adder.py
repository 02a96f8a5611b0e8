"""Masked adder: an adder with a ternary weight on one operand."""

from amaranth.hdl import Const, Instance, Module, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError

from .family import family_of

__all__ = ["MaskedAdder", "Weight", "masked"]


class Weight(data.Struct):
    """A ternary weight: +1 is ``nonzero``, −1 is ``nonzero`` and ``negative``, 0 is neither."""

    nonzero: 1
    negative: 1


def masked(code, weight):
    """``code`` for +1, 0 for 0, and the complement of ``code`` for −1."""
    nonzero = weight.nonzero.replicate(len(code))
    return (code & nonzero) ^ weight.negative.replicate(len(code))


class MaskedAdder(wiring.Component):
    """Combinational ``addend + masked(code, weight)``, for some lanes at once.

    On ECP5 the mask costs nothing. Half a CCU2C is a LUT4 that says whether a carry is propagated,
    and the LUT2 within it, at C = D = 0, that says which carry is generated if not. With A the
    code, B the addend, C ``nonzero`` and D ``negative``, ``((A & C) ^ D) ^ B`` propagates; it is
    B at C = D = 0, and where nothing is propagated both operands equal B. Yosys cannot find this.

    The lanes are in one carry chain, since each chain takes two CCU2Cs to begin and end it. The
    place of a lane's carry-out propagates and generates nothing, and so ends its carry.

    Parameters
    ----------
    bits : int
        Width of the codes and of the addends.
    lanes : int
        Number of sums.

    Members
    -------
    code : In(ArrayLayout(unsigned(bits), lanes))
    weight : In(ArrayLayout(Weight, lanes))
    addend : In(ArrayLayout(unsigned(bits), lanes))
    total : Out(ArrayLayout(unsigned(bits + 1), lanes))
    """

    def __init__(self, *, bits: int, lanes: int):
        if bits < 1:
            raise PlanError(f"a masked adder must have at least 1 bit, not {bits}")
        if lanes < 1:
            raise PlanError(f"a masked adder must have at least 1 lane, not {lanes}")
        self._bits = bits
        self._lanes = lanes
        super().__init__(
            {
                "code": In(data.ArrayLayout(unsigned(bits), lanes)),
                "weight": In(data.ArrayLayout(Weight, lanes)),
                "addend": In(data.ArrayLayout(unsigned(bits), lanes)),
                "total": Out(data.ArrayLayout(unsigned(bits + 1), lanes)),
            }
        )

    @property
    def bits(self) -> int:
        """Width of the operands."""
        return self._bits

    @property
    def lanes(self) -> int:
        """Number of sums."""
        return self._lanes

    def elaborate(self, platform):
        m = Module()
        if not family_of(platform).carry_takes_mask:
            for n in range(self._lanes):
                product = masked(self.code[n], self.weight[n])
                m.d.comb += self.total[n].eq(self.addend[n] + product)
            return m

        zero = Const(0, 1)
        nothing = (0, zero, zero, zero, zero)
        places = []
        for n in range(self._lanes):
            weight = self.weight[n]
            for a, b in zip(self.code[n], self.addend[n], strict=True):
                places.append((_PROPAGATE, a, b, weight.nonzero, weight.negative))
            places.append(nothing)
        places += [nothing] * (len(places) % 2)

        total = Signal(len(places))
        carry = zero
        for n in range(0, len(places), 2):
            half = {}
            for k, (init, a, b, c, d) in enumerate(places[n : n + 2]):
                half |= {f"p_INIT{k}": Const(init, 16), f"p_INJECT1_{k}": "NO"}
                half |= {f"i_A{k}": a, f"i_B{k}": b, f"i_C{k}": c, f"i_D{k}": d}
                half[f"o_S{k}"] = total[n + k]
            carry_out = Signal(name=f"carry_{n // 2}")
            m.submodules[f"ccu2c_{n // 2}"] = Instance(
                "CCU2C", **half, i_CIN=carry, o_COUT=carry_out
            )
            carry = carry_out
        m.d.comb += self.total.eq(total)
        return m


_PROPAGATE = sum(
    (((a & c) ^ d) ^ b) << (a | b << 1 | c << 2 | d << 3)
    for a in (0, 1)
    for b in (0, 1)
    for c in (0, 1)
    for d in (0, 1)
)
