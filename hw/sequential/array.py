"""Array: processing elements, and the largest codes of windows, with their weights."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.sequential import Contents

from ..pe import PE, Weight
from .sequencer import marks

__all__ = ["SequentialArray"]


class SequentialArray(wiring.Component):
    """Rigid pipeline from the words of tiles to the accumulator values of groups.

    Parameters
    ----------
    contents : Contents

    Members
    -------
    weights : In(ArrayLayout of Weight, PE × SIMD)
        Weights of the tile, with its words.
    valid, double, last : In(1), marks : In
        There are words, ahead of which accumulators are doubled, those of the last tile of a
        group; places of the group.
    largest : In(1)
        The largest code of each lane is wanted, not the sums.
    words : In(ArrayLayout(bits, SIMD × pixels))
    o_valid : Out(1), o_marks : Out
        A group is complete; its places.
    values : Out(ArrayLayout(accumulator bits, PE × pixels))
        Its accumulator values pixel by pixel; where largest codes are wanted, SIMD for each pixel.
    """

    def __init__(self, contents: Contents):
        self._contents = contents
        array = contents.array
        self._pes = [
            PE(
                bits=contents.bits,
                simd=array.simd,
                sum_bits=contents.accumulator_bits,
                doubles=contents.doubles,
            )
            for _ in range(array.pixels * array.pe)
        ]
        super().__init__(
            {
                "weights": In(data.ArrayLayout(data.ArrayLayout(Weight, array.simd), array.pe)),
                "valid": In(1),
                "double": In(1),
                "last": In(1),
                "marks": In(marks),
                "largest": In(1),
                "words": In(data.ArrayLayout(contents.bits, array.simd * array.pixels)),
                "o_valid": Out(1),
                "o_marks": Out(marks),
                "values": Out(data.ArrayLayout(contents.accumulator_bits, array.pe * array.pixels)),
            }
        )

    @property
    def contents(self) -> Contents:
        return self._contents

    def elaborate(self, platform):
        m = Module()

        array = self._contents.array
        # What follows the last tile of a group is the first of the next.
        latency = self._pes[0].latency
        # Whether it is not is kept, so that the register's inverse is what all accumulators take.
        valid, last, follows = Signal(latency), Signal(latency), Signal()
        double = Signal(latency - 1)
        places = Signal(latency * len(self.marks.as_value()))
        m.d.sync += [
            valid.eq(Cat(self.valid & ~self.largest, valid)),
            double.eq(Cat(self.double, double)),
            last.eq(Cat(self.last, last)),
            places.eq(Cat(self.marks, places)),
        ]
        with m.If(valid[latency - 2]):
            m.d.sync += follows.eq(~last[latency - 2])
        width = len(self.marks.as_value())
        m.d.comb += [
            self.o_valid.eq(valid[-1] & last[-1]),
            self.o_marks.as_value().eq(places[-width:]),
        ]
        for index, pe in enumerate(self._pes):
            m.submodules[f"pe_{index}"] = pe
            pixel, row = divmod(index, array.pe)
            word = self._word(pixel)
            m.d.comb += [
                Cat(pe.activations).eq(Cat(word)),
                pe.weights.eq(self.weights[row]),
                pe.enable.eq(valid[latency - 2]),
                pe.first.eq(~follows),
                self.values[index].eq(pe.total),
            ]
            if pe.doubles:
                m.d.comb += pe.double.eq(double[-1])
        if self._contents.pools:
            self._add_pools(m, valid=valid[-1] & last[-1], marks=places[:width])

        return m

    def _add_pools(self, m: Module, *, valid, marks) -> None:
        """Largest codes of the lanes, and their results in place of sums."""
        array = self._contents.array
        first, complete = Signal(init=1), Signal()
        pools = self.valid & self.largest
        m.d.sync += complete.eq(pools & self.last)
        with m.If(pools):
            m.d.sync += first.eq(self.last)
        m.d.comb += self.o_valid.eq(complete | valid)
        with m.If(self.largest):
            m.d.comb += self.o_marks.as_value().eq(marks)
        for pixel in range(array.pixels):
            for lane, code in enumerate(self._word(pixel)):
                place = pixel * array.simd + lane
                largest = Signal(self._contents.bits, name=f"largest_{place}", reset_less=True)
                with m.If(pools):
                    m.d.sync += largest.eq(Mux(first | (code > largest), code, largest))
                with m.If(self.largest):
                    m.d.comb += self.values[place].eq(largest)

    def _word(self, pixel: int) -> list:
        """Codes that a pixel reads."""
        simd = self._contents.array.simd
        return [self.words[pixel * simd + lane] for lane in range(simd)]
