"""Split RAM: a deep memory in parts, so that fewer block RAMs are left half empty."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.utils import ceil_log2

from .family import family_of
from .ram import Ram

__all__ = ["SplitRam"]


class SplitRam(Ram):
    """A RAM whose rows are in the parts that the family has for memories of its kind ``"auto"``.

    See :meth:`~threefold.fpga.Family.parts`; other kinds, and memories in one part, are as
    :class:`~threefold.hw.ram.Ram` makes them. Parameters, members and errors are the same.
    """

    def elaborate(self, platform):
        width = len(Cat(self.read.data))
        parts = family_of(platform).parts(width, self.depth)
        if self.kind != "auto" or len(parts) == 1:
            return super().elaborate(platform)

        m = Module()

        # No logic in front of the register: what selects comes as soon as what was read.
        begin, least = 0, min(ceil_log2(rows) for rows, kind in parts if kind == "block")
        above = Signal(len(self.read.addr) - least)
        with m.If(self.read.en):
            m.d.sync += above.eq(self.read.addr[least:])
        words = []
        for n, (rows, kind) in enumerate(parts):
            m.submodules[f"part_{n}"] = part = Ram(self.shape, rows, kind)
            bits = len(part.read.addr)
            shift = max(bits, least)
            here = self.write.addr[shift:] == begin >> shift
            m.d.comb += [
                part.write.en.eq(self.write.en & here),
                part.write.addr.eq(self.write.addr[:bits]),
                part.write.data.eq(self.write.data),
                part.read.en.eq(self.read.en),
                part.read.addr.eq(self.read.addr[:bits]),
            ]
            words.append((above[shift - least :] == begin >> shift, Cat(part.read.data)))
            begin += rows
        data = words.pop()[1]
        for here, word in reversed(words):
            data = Mux(here, word, data)
        m.d.comb += self.read.data.eq(data)

        return m
