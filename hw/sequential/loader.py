"""Loader: words of a map from a stream."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.sequential import Contents

from ..stream import lane_stream
from .map_walk import MapWalk

__all__ = ["Loader"]


class Loader(wiring.Component):
    """Deserializer of the beats of an image into words, with the place of each.

    Parameters
    ----------
    contents : Contents
    bits : int
        Width of a code that enters.

    Members
    -------
    i : In(lane_stream(bits, lanes))
        Codes of the first map.
    enable : In(1)
        Beats are accepted.
    write : Out(1), bank, place, word : Out
        Write a word.
    done : Out(1)
        It is the last one of the map.
    """

    def __init__(self, contents: Contents, *, bits: int):
        self._contents = contents
        array, self._shape = contents.array.stored, contents.maps.shape
        self._walk = MapWalk(
            array,
            self._shape,
            base=contents.maps.bases[contents.maps.source],
            bits=contents.address_bits,
        )
        super().__init__(
            {
                "i": In(lane_stream(bits, array.port_lanes(self._shape[2]))),
                "enable": In(1),
                "write": Out(1),
                "bank": Out(range(array.pixels)),
                "place": Out(contents.address_bits),
                "word": Out(data.ArrayLayout(contents.bits, array.simd)),
                "done": Out(1),
            }
        )

    @property
    def contents(self) -> Contents:
        return self._contents

    def elaborate(self, platform):
        m = Module()

        m.submodules.walk = walk = self._walk
        lanes, codes = self.i.payload.shape().length, list(self.i.payload)
        whole, partial = self._contents.array.word_beats(self._shape[2])
        accept, complete = Signal(), Signal()
        slot, held = Signal(range(whole)), []
        m.d.comb += [
            self.i.ready.eq(self.enable),
            accept.eq(self.i.valid & self.enable),
            complete.eq(slot == Mux(walk.pixel_end, partial - 1, whole - 1)),
            self.write.eq(accept & complete),
            walk.advance.eq(self.write),
            self.bank.eq(walk.bank),
            self.place.eq(walk.place),
            self.done.eq(self.write & walk.last),
        ]
        with m.If(accept):
            m.d.sync += slot.eq(Mux(complete, 0, slot + 1))
        for n in range(whole):
            kept = Signal(len(Cat(codes)), name=f"held_{n}", reset_less=True)
            held.append(kept)
            with m.If(accept & (slot == n)):
                m.d.sync += kept.eq(Cat(codes))
            part = Mux(slot == n, Cat(codes), Mux(slot > n, kept, 0))
            for lane in range(lanes):
                code = part.word_select(lane, len(codes[lane]))
                m.d.comb += self.word[n * lanes + lane].eq(code)

        return m
