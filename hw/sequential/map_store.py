"""Map store: all maps in one memory of a single port, and banks with what a pass reads of them."""

from amaranth.hdl import Cat, Module, Mux
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.sequential import Contents

from ..ram import Ram
from .map_buffer import MapBuffer
from .map_copier import MapCopier
from .table import row_layout

__all__ = ["MapStore"]


class MapStore(wiring.Component):
    """Single-port RAM that passes write to, from which they copy what they read.

    Writes come first; a copy goes on in the cycles between them.

    Parameters
    ----------
    contents : Contents

    Members
    -------
    write : In(1), place : In, word : In(ArrayLayout(bits, SIMD))
        Write a word of a map.
    fetch : In(1), fetched_place : In, fetched : Out(ArrayLayout(bits, SIMD))
        Read a word of a map, if maps leave; it stays until another is read or written.
    start, descriptor, ready
        Those of :class:`~threefold.hw.sequential.map_copier.MapCopier`.
    read : In(1), address : In, data : Out
        Those of :class:`~threefold.hw.sequential.map_buffer.MapBuffer`.
    """

    def __init__(self, contents: Contents):
        self._contents = contents
        array, word = contents.array, data.ArrayLayout(contents.bits, contents.array.simd)
        leaves = {
            "fetch": In(1),
            "fetched_place": In(contents.address_bits),
            "fetched": Out(word),
        }
        super().__init__(
            {
                "write": In(1),
                "place": In(contents.address_bits),
                "word": In(word),
                "start": In(1),
                "descriptor": In(row_layout(contents.descriptors)),
                "ready": Out(1),
                "read": In(1),
                "address": In(data.ArrayLayout(contents.bank_bits, array.pixels)),
                "data": Out(data.ArrayLayout(contents.bits, array.simd * array.pixels)),
            }
            | (leaves if contents.offsets is None else {})
        )

    @property
    def contents(self) -> Contents:
        return self._contents

    def elaborate(self, platform):
        m = Module()

        contents, leaves = self._contents, self._contents.offsets is None
        m.submodules.copier = copier = MapCopier(contents)
        m.submodules.banks = banks = MapBuffer(contents, "auto")
        m.submodules.maps = maps = Ram(self.word.shape(), contents.depth, "spram", holds=leaves)
        m.d.comb += [
            copier.start.eq(self.start),
            copier.descriptor.eq(self.descriptor),
            copier.pause.eq(self.write),
            self.ready.eq(copier.ready),
            maps.write.en.eq(self.write),
            maps.write.addr.eq(self.place),
            maps.write.data.eq(self.word),
            maps.read.en.eq(copier.read),
            maps.read.addr.eq(copier.address),
            banks.write.eq(copier.write),
            banks.bank.eq(copier.bank),
            banks.place.eq(copier.place),
            banks.word.eq(maps.read.data),
            banks.read.eq(self.read),
            banks.address.eq(self.address),
            self.data.eq(banks.data),
        ]
        if leaves:
            m.d.comb += [
                maps.read.en.eq(copier.read | self.fetch),
                maps.read.addr.eq(Mux(copier.read, copier.address, self.fetched_place)),
                Cat(self.fetched).eq(Cat(maps.read.data)),
            ]

        return m
