"""Parted buffer: a map buffer that takes the next image while passes write their maps."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.plan.sequential import Contents, MapsAhead

from ..ram import Ram
from .map_buffer import MapBuffer

__all__ = ["PartedBuffer"]


class PartedBuffer(MapBuffer):
    """Banks of two memories, of which the lower one takes an image or the maps of passes.

    Parameters
    ----------
    contents : Contents
        With :class:`~threefold.plan.sequential.MapsAhead`.
    memory : str
        Where they are; see :class:`~threefold.hw.ram.Ram`.

    Members
    -------
    enters : In(1)
        The lower memories take words of an image, and none of the maps of passes.
    entering : In
        Such a word: ``write``, ``bank``, ``place``, ``word``.

    The others are those of :class:`~threefold.hw.sequential.map_buffer.MapBuffer`.
    """

    @staticmethod
    def writes(contents: Contents) -> dict:
        own = MapBuffer.writes(contents)
        return {"enters": In(1), "entering": Out(wiring.Signature(own)), **own}

    def elaborate(self, platform):
        m = Module()

        maps, depths = self.contents.maps, self.contents.bank_depths
        assert isinstance(maps, MapsAhead)
        split, words = maps.upper.bit_length() - 1, []
        for n in range(self.contents.array.pixels):
            lower, upper = (Ram(self.word.shape(), depth, self.memory) for depth in depths)
            m.submodules[f"lower_{n}"], m.submodules[f"upper_{n}"] = lower, upper
            here = self.write & (self.bank == n)
            low = Mux(self.enters, self.entering.place, self.place)
            written = Mux(self.enters, self.entering.write & (self.entering.bank == n), here)
            above, address = self.place[split:], self.address[n]
            m.d.comb += [
                lower.write.en.eq(written & (self.enters | (above == 0))),
                lower.write.addr.eq(low[:split]),
                lower.write.data.eq(
                    Mux(self.enters, self.entering.word.as_value(), self.word.as_value())
                ),
                upper.write.en.eq(here & (above != 0)),
                upper.write.addr.eq(Cat(self.place[:split], above - 1)),
                upper.write.data.eq(self.word),
                *(each.read.en.eq(self.read) for each in (lower, upper)),
                lower.read.addr.eq(address[:split]),
                upper.read.addr.eq(Cat(address[:split], address[split:] - 1)),
            ]
            is_above = Signal(name=f"above_{n}")
            with m.If(self.read):
                m.d.sync += is_above.eq(address[split:] != 0)
            words.append(Mux(is_above, upper.read.data.as_value(), lower.read.data.as_value()))
        m.d.comb += self.data.eq(Cat(words))

        return m
