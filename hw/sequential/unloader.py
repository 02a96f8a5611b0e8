"""Unloader: a stream of the words of a map."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.sequential import Contents

from ..stream import lane_stream
from .map_walk import MapWalk

__all__ = ["Unloader"]


class Unloader(wiring.Component):
    """Serializer of the words of the last map, which it reads one after the other.

    Parameters
    ----------
    contents : Contents
    bits : int
        Width of a code that leaves.

    Members
    -------
    enable : In(1)
        The map is complete. It stays so until ``done``.
    read : Out(1), place : Out
        Read a word of each bank.
    data : In(ArrayLayout(bits, SIMD × banks))
        What was read, from the next cycle until the next read.
    o : Out(lane_stream(bits, lanes))
    done : Out(1)
        The last beat is taken.
    base : In
        First place of the map, if contents are from outside.
    """

    def __init__(self, contents: Contents, *, bits: int):
        self._contents = contents
        maps, array = contents.maps, contents.array.stored
        last = maps.passes[-1]
        self._channels = last.shape[2]
        # A program says in its last descriptor where the map is.
        base = 0 if contents.limits else maps.bases[last.stream]
        self._walk = MapWalk(array, last.shape, base=base, bits=contents.address_bits)
        loadable = {"base": In(contents.address_bits)} if contents.limits else {}
        super().__init__(
            {
                "enable": In(1),
                "read": Out(1),
                "place": Out(contents.address_bits),
                "data": In(data.ArrayLayout(contents.bits, array.simd * array.pixels)),
                "o": Out(lane_stream(bits, array.port_lanes(self._channels))),
                "done": Out(1),
            }
            | loadable
        )

    @property
    def contents(self) -> Contents:
        return self._contents

    def elaborate(self, platform):
        m = Module()

        m.submodules.walk = walk = self._walk
        whole, partial = self._contents.array.word_beats(self._channels)
        lanes = len(self.o.payload)
        bank, pixel_end, ended = Signal.like(walk.bank), Signal(), Signal()
        slot, complete, taken = Signal(range(whole)), Signal(), Signal()
        m.d.comb += [
            complete.eq(slot == Mux(pixel_end, partial - 1, whole - 1)),
            taken.eq(self.o.valid & self.o.ready & complete),
            self.read.eq(self.enable & ~ended & (~self.o.valid | taken)),
            self.place.eq(walk.place + self.base if self._contents.limits else walk.place),
            walk.advance.eq(self.read),
            self.done.eq(taken & ended),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += slot.eq(Mux(complete, 0, slot + 1))
        with m.If(taken):
            m.d.sync += self.o.valid.eq(0)
        with m.If(self.read):
            m.d.sync += [
                self.o.valid.eq(1),
                bank.eq(walk.bank),
                pixel_end.eq(walk.pixel_end),
                ended.eq(walk.last),
            ]
        with m.If(self.done):
            m.d.sync += ended.eq(0)

        bits = self._contents.bits
        word = self.data.as_value().word_select(bank, bits * self._contents.array.simd)
        for lane in range(lanes):
            parts = Cat(word.word_select(n * lanes + lane, bits) for n in range(whole))
            m.d.comb += self.o.payload[lane].eq(parts.word_select(slot, bits))

        return m
