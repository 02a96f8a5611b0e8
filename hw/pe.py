"""The processing element: one filter's share of a tile, multiplied without multipliers."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..errors import PlanError
from ..plan.cycles import pe_latency
from .adder_tree import AdderTree
from .masked_adder import MaskedAdder, Weight, masked

__all__ = ["PE", "Weight"]


class PE(wiring.Component):
    """Adds up a row's products of codes and ternary weights, ``simd`` of them a cycle.

    A lane adds the code for +1, nothing for 0, and for −1 the code's complement,
    ``2**bits - 1 - code``. All is unsigned, and a row with ``n`` weights of −1 comes out
    ``(2**bits - 1) * n`` above its dot product: a constant, known before synthesis, that belongs
    into the thresholds behind the PE.

    The pipeline never waits. To stall it, wrap it in an ``EnableInserter``.

    Parameters
    ----------
    bits : int
        Width of an activation code.
    simd : int
        Number of lanes: codes, and weights, that a tile has.
    sum_bits : int
        Width of the accumulator. A larger sum wraps around, so the caller makes it wide enough
        for the largest its rows can reach.

    Members
    -------
    activations : In(ArrayLayout(unsigned(bits), simd))
        Codes of a tile.
    weights : In(ArrayLayout(Weight, simd))
        Weights of the tile, at the same time.
    enable : In(1)
        The tile presented ``latency`` cycles ago was a real one: accumulate it.
    last : In(1)
        That tile was the last of its row: ``total`` is the result, and the next row starts from 0.
    total : Out(sum_bits)
        The accumulator with the tile presented ``latency`` cycles ago; the row's result while
        ``enable`` and ``last``.
    """

    def __init__(self, *, bits: int, simd: int, sum_bits: int):
        if bits < 1:
            raise PlanError(f"activations must have at least 1 bit, not {bits}")
        if simd < 1:
            raise PlanError(f"a PE must have at least 1 SIMD lane, not {simd}")
        if sum_bits < 1:
            raise PlanError(f"an accumulator must have at least 1 bit, not {sum_bits}")
        self._bits = bits
        self._simd = simd
        self._sum_bits = sum_bits
        super().__init__(
            {
                "activations": In(data.ArrayLayout(unsigned(bits), simd)),
                "weights": In(data.ArrayLayout(Weight, simd)),
                "enable": In(1),
                "last": In(1),
                "total": Out(sum_bits),
            }
        )

    @property
    def bits(self) -> int:
        """Width of an activation code."""
        return self._bits

    @property
    def simd(self) -> int:
        """Number of lanes."""
        return self._simd

    @property
    def sum_bits(self) -> int:
        """Width of the accumulator."""
        return self._sum_bits

    @property
    def latency(self) -> int:
        """Cycles from a tile to its arrival at the accumulator."""
        return pe_latency(self._bits, self._simd)

    def elaborate(self, platform):
        m = Module()
        lanes = list(zip(self.activations, self.weights, strict=True))
        largest = 2**self._bits - 1
        # Below 3 bits Yosys adds without a carry chain, which is smaller than one with the mask.
        if getattr(platform, "family", None) == "ecp5" and self._bits > 2 and self._simd > 1:
            terms, largest = self._pairs(m, lanes), 2 * largest
        else:
            terms = [masked(code, weight) for code, weight in lanes]
        m.submodules.tree = tree = AdderTree(largest=largest, terms=len(terms))
        for n, term in enumerate(terms):
            m.d.comb += tree.i[n].eq(_registered(m, f"term_{n}", term))

        # The pipeline needs no reset, and without one the flip-flops' reset input is left for
        # `last`. A reset in the middle of a row clears the accumulator in the cycle after it.
        void = Signal(init=1)
        m.d.sync += void.eq(0)
        accumulator = Signal(self._sum_bits, reset_less=True)
        m.d.comb += self.total.eq(accumulator + tree.o)
        with m.If(self.enable | void):
            m.d.sync += accumulator.eq(Mux(self.last | void, 0, self.total))
        return m

    def _pairs(self, m, lanes):
        """Sums of two lanes, the mask of the second inside the adder: less logic on ECP5 only.

        The second lane's registers hold its code and weight, not their product. On ECP5 that is
        free; an iCE40 cell whose flip-flop is fed by no LUT of its own loses the LUT.
        """
        terms = []
        for n in range(0, len(lanes) - 1, 2):
            code, weight = lanes[n + 1]
            m.submodules[f"pair_{n // 2}"] = adder = MaskedAdder(bits=self._bits)
            m.d.comb += [
                adder.addend.eq(_registered(m, f"lane_{n}", masked(*lanes[n]))),
                adder.code.eq(_registered(m, f"lane_{n + 1}", code)),
                adder.weight.eq(_registered(m, f"weight_{n + 1}", weight.as_value())),
            ]
            terms.append(adder.total)
        if len(lanes) % 2:
            terms.append(_registered(m, f"lane_{len(lanes) - 1}", masked(*lanes[-1])))
        return terms


def _registered(m, name, value):
    register = Signal(len(value), name=name, reset_less=True)
    m.d.sync += register.eq(value)
    return register
