"""Processing element: one filter's share of a tile, multiplied without multipliers."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError
from threefold.plan.latency import pe_latency

from .adder_tree import CHAIN_BITS, AdderTree
from .family import family_of
from .masked_adder import MaskedAdder, Weight, masked
from .register import registered

__all__ = ["PE", "Weight"]


class PE(wiring.Component):
    """Accumulator of a row's products of codes and ternary weights, ``simd`` of them a cycle.

    A lane adds the code for +1, nothing for 0, and for −1 the code's complement,
    ``2**bits - 1 - code``. All is unsigned, and a row with ``n`` weights of −1 comes out
    ``(2**bits - 1) * n`` above its dot product: a constant, known before synthesis, that belongs
    into the thresholds behind the PE.

    Weights of several digits are rows of as many ternary ones, the most significant first, between
    which the accumulator is doubled. A digit of −1 adds 2^d times the surplus of a weight of −1.

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
    doubles : bool
        Whether the accumulator can be doubled.

    Members
    -------
    activations : In(ArrayLayout(unsigned(bits), simd))
        Codes of a tile.
    weights : In(ArrayLayout(Weight, simd))
        Weights of the tile, at the same time.
    enable : In(1)
        The tile presented ``latency - 1`` cycles ago was a real one: accumulate it.
    first : In(1)
        That tile is the first of its row: forget the row before.
    double : In(1)
        That tile is the first of a further digit: double what there is of the row. Only there if
        the accumulator can be doubled; not together with ``first``.
    total : Out(sum_bits)
        Accumulator value: the sum of the row so far, from ``latency`` cycles after a tile on.
    """

    def __init__(self, *, bits: int, simd: int, sum_bits: int, doubles: bool = False):
        if bits < 1:
            raise PlanError(f"activations must have at least 1 bit, not {bits}")
        if simd < 1:
            raise PlanError(f"a PE must have at least 1 SIMD lane, not {simd}")
        if sum_bits < 1:
            raise PlanError(f"an accumulator must have at least 1 bit, not {sum_bits}")
        self._bits = bits
        self._simd = simd
        self._sum_bits = sum_bits
        self._doubles = doubles
        members = {
            "activations": In(data.ArrayLayout(unsigned(bits), simd)),
            "weights": In(data.ArrayLayout(Weight, simd)),
            "enable": In(1),
            "first": In(1),
            "total": Out(sum_bits),
        }
        super().__init__(members | ({"double": In(1)} if doubles else {}))

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
    def doubles(self) -> bool:
        """Whether the accumulator can be doubled."""
        return self._doubles

    @property
    def latency(self) -> int:
        """Cycles from a tile to an accumulator value that holds it."""
        return pe_latency(self._bits, self._simd)

    def elaborate(self, platform):
        m = Module()
        lanes = list(zip(self.activations, self.weights, strict=True))
        largest = 2**self._bits - 1
        carry = family_of(platform).masked_carry
        if carry and self._bits >= carry.narrowest and self._simd > 1:
            terms, largest = self._pairs(m, lanes), 2 * largest
        else:
            terms = [masked(code, weight) for code, weight in lanes]
        m.submodules.tree = tree = AdderTree(largest=largest, terms=len(terms))
        for n, term in enumerate(terms):
            m.d.comb += tree.i[n].eq(registered(m, f"term_{n}", term))

        # Either way a bit of the accumulator is one cell: an iCE40 cell has room for the
        # multiplexer behind its adder, an ECP5 cell for the mask in front of it.
        total = Signal(self._sum_bits, reset_less=True)
        partial = Signal(self._sum_bits)
        m.d.comb += [partial.eq(tree.o), self.total.eq(total)]
        before = total
        if self._doubles:
            before = Signal.like(total)
            m.d.comb += before.eq(Mux(self.double, total << 1, total))
        # At 2 bits the shorter path makes Yosys spend more on the adders before it.
        if carry and self._bits != 2:
            m.submodules.accumulate = adder = MaskedAdder(
                bits=self._sum_bits, lanes=1, wraps=True, signed=False
            )
            m.d.comb += [
                adder.code[0].eq(before),
                adder.weight[0].nonzero.eq(~self.first),
                adder.addend[0].eq(partial),
            ]
            following = adder.total[0]
        else:
            following = Mux(self.first, partial, before + partial)
        with m.If(self.enable):
            m.d.sync += total.eq(following)
        return m

    def _pairs(self, m, lanes):
        """Sums of two lanes, the mask of the second inside the adder, without LUTs for it.

        The second lane's registers hold its code and weight, not their product. On ECP5 that is
        free; an iCE40 cell whose flip-flop is fed by no LUT of its own loses the LUT.
        """
        terms = []
        pairs = list(range(0, len(lanes) - 1, 2))
        size = max(1, CHAIN_BITS // (self._bits + 1))
        for first in range(0, len(pairs), size):
            chain = pairs[first : first + size]
            adder = MaskedAdder(bits=self._bits, lanes=len(chain))
            m.submodules[f"pairs_{first}"] = adder
            for place, n in enumerate(chain):
                code, weight = lanes[n + 1]
                weight_name = f"weight_{n + 1}"
                m.d.comb += [
                    adder.addend[place].eq(registered(m, f"lane_{n}", masked(*lanes[n]))),
                    adder.code[place].eq(registered(m, f"lane_{n + 1}", code)),
                    adder.weight[place].eq(registered(m, weight_name, weight.as_value())),
                ]
                terms.append(adder.total[place])
        if len(lanes) % 2:
            terms.append(registered(m, f"lane_{len(lanes) - 1}", masked(*lanes[-1])))
        return terms
