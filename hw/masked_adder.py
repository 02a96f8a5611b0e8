"""An adder with a ternary weight on one of its operands."""

from amaranth.hdl import Const, Instance, Module, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..errors import PlanError

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
    """Combinational ``addend + masked(code, weight)``.

    On ECP5 the mask costs nothing. Half a CCU2C is a LUT4 that says whether a carry is propagated,
    and the LUT2 within it, at C = D = 0, that says which carry is generated if not. With A the
    code, B the addend, C ``nonzero`` and D ``negative``, ``((A & C) ^ D) ^ B`` propagates; it is
    B at C = D = 0, and where nothing is propagated both operands equal B. Yosys cannot find this.

    Parameters
    ----------
    bits : int
        Width of the code and of the addend.

    Members
    -------
    code : In(bits)
    weight : In(Weight)
    addend : In(bits)
    total : Out(bits + 1)
    """

    def __init__(self, *, bits: int):
        if bits < 1:
            raise PlanError(f"a masked adder must have at least 1 bit, not {bits}")
        self._bits = bits
        super().__init__(
            {
                "code": In(bits),
                "weight": In(Weight),
                "addend": In(bits),
                "total": Out(unsigned(bits + 1)),
            }
        )

    @property
    def bits(self) -> int:
        """Width of the operands."""
        return self._bits

    def elaborate(self, platform):
        m = Module()
        if getattr(platform, "family", None) != "ecp5":
            m.d.comb += self.total.eq(self.addend + masked(self.code, self.weight))
            return m

        propagate = sum(
            (((a & c) ^ d) ^ b) << (a | b << 1 | c << 2 | d << 3)
            for a in (0, 1)
            for b in (0, 1)
            for c in (0, 1)
            for d in (0, 1)
        )
        pairs = self._bits // 2 + 1
        total = Signal(2 * pairs)
        carry = Const(0, 1)
        for n in range(pairs):
            half = {}
            for k in (0, 1):
                inside = 2 * n + k < self._bits
                half |= {
                    f"p_INIT{k}": Const(propagate if inside else 0, 16),
                    f"p_INJECT1_{k}": "NO",
                    f"i_A{k}": self.code[2 * n + k] if inside else Const(0, 1),
                    f"i_B{k}": self.addend[2 * n + k] if inside else Const(0, 1),
                    f"i_C{k}": self.weight.nonzero if inside else Const(0, 1),
                    f"i_D{k}": self.weight.negative if inside else Const(0, 1),
                    f"o_S{k}": total[2 * n + k],
                }
            carry_out = Signal(name=f"carry_{n}")
            m.submodules[f"ccu2c_{n}"] = Instance("CCU2C", **half, i_CIN=carry, o_COUT=carry_out)
            carry = carry_out
        m.d.comb += self.total.eq(total)
        return m
