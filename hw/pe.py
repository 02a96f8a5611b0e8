"""Placeholder PE (being replaced)."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out


class Weight(data.Struct):
    nonzero: 1
    negative: 1


class PE(wiring.Component):
    def __init__(self, *, bits, simd, sum_bits):
        self.bits, self.simd, self.sum_bits = bits, simd, sum_bits
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
    def latency(self):
        return 1 + (self.simd - 1).bit_length()

    def elaborate(self, platform):
        m = Module()
        level = []
        for a, w in zip(self.activations, self.weights, strict=True):
            r = Signal(self.bits)
            m.d.sync += r.eq((a & w.nonzero.replicate(self.bits)) ^ w.negative.replicate(self.bits))
            level.append(r)
        while len(level) > 1:
            nxt = []
            for i in range(0, len(level), 2):
                s = level[i] + level[i + 1] if i + 1 < len(level) else level[i]
                r = Signal(len(s))
                m.d.sync += r.eq(s)
                nxt.append(r)
            level = nxt
        acc = Signal(self.sum_bits)
        m.d.comb += self.total.eq(acc + level[0])
        with m.If(self.enable):
            m.d.sync += acc.eq(Mux(self.last, 0, self.total))
        return m
