"""Accumulator of a row: adds a code, and then complements the sum or not."""

from amaranth.hdl import Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..carry_chain import Place, carry_chain
from ..family import family_of

__all__ = ["Accumulator"]


class Accumulator(wiring.Component):
    """Accumulator that adds codes, modulo 2^sum_bits.

    Where the family has a :class:`~threefold.fpga.MaskedCarry`, it is the code that is complemented
    in front of an addition, else the sum behind it: either is in the LUT of the adder.
    :attr:`~threefold.fpga.Family.masked_carry` tells which.

    Parameters
    ----------
    bits : int
        Width of a code.
    sum_bits : int
    init : int
        What it begins with.

    Members
    -------
    i : In(bits)
        Code.
    enable : In(1)
        Add it.
    complement : In(1)
        Complement of the code, or of the sum.
    clear : In(1)
        With ``enable``: begin again instead.
    o : Out(sum_bits)
    """

    def __init__(self, *, bits: int, sum_bits: int, init: int):
        self._bits = bits
        self._sum_bits = sum_bits
        self._init = init % 2**sum_bits
        super().__init__(
            {
                "i": In(bits),
                "enable": In(1),
                "complement": In(1),
                "clear": In(1),
                "o": Out(sum_bits),
            }
        )

    @property
    def bits(self) -> int:
        return self._bits

    @property
    def sum_bits(self) -> int:
        return self._sum_bits

    @property
    def init(self) -> int:
        """What it begins with, modulo 2^sum_bits."""
        return self._init

    def elaborate(self, platform):
        m = Module()
        cell = family_of(platform).masked_carry
        # On ECP5 a flip-flop is cleared to what it has after configuration.
        init = 0 if cell is None else self._init
        total = Signal(self._sum_bits, init=init, reset_less=True)
        m.d.comb += self.o.eq(total)
        if cell is None:
            turn = self.complement.replicate(self._sum_bits)
            following: Value = (total + self.i)[: self._sum_bits] ^ turn
            with m.If(self.enable):
                m.d.sync += total.eq(following)
                with m.If(self.clear):
                    m.d.sync += total.eq(self._init)
            return m
        zero, one = Const(0, 1), Const(1, 1)
        places = [
            Place(self.i[bit] if bit < self._bits else zero, total[bit], one, self.complement)
            for bit in range(self._sum_bits)
        ]
        following = carry_chain(m, cell, places)
        # Its flip-flops are cleared whether they are enabled or not.
        with m.If(self.clear):
            m.d.sync += total.eq(self._init)
        with m.Elif(self.enable):
            m.d.sync += total.eq(following)
        return m
