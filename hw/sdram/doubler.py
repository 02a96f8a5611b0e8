"""Frame doubler: frames of double words, for an accelerator with half the clock of its memory."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..frames import FrameSignature

__all__ = ["FrameDoubler"]


class FrameDoubler(wiring.Component):
    """Way from the clock domain of a memory to one of half its frequency.

    Both clocks are of one PLL, and each rising edge of ``sync`` is one of ``memory`` as well; so
    nothing is synchronized, and cycles stay known. Frames are taken, and images begin, in the
    second half of a cycle of ``sync``.

    Parameters
    ----------
    bits : int
        Width of a word of the memory.

    Members
    -------
    i : Out(FrameSignature(bits))
        The memory's frames, in the domain ``memory``.
    o : In(FrameSignature(2 * bits))
        What the accelerator asks for, in ``sync``. The first word of two is the lower half.
    """

    def __init__(self, bits: int):
        self._bits = bits
        super().__init__({"i": Out(FrameSignature(bits)), "o": In(FrameSignature(2 * bits))})

    @property
    def bits(self) -> int:
        return self._bits

    def elaborate(self, platform):
        m = Module()

        # Whether it is the second half: `half` changes with `sync`, and `seen` follows. All else
        # that comes from `sync` is taken at the end of the second half, and has a cycle of `sync`.
        half, seen, second = Signal(), Signal(), Signal()
        m.d.sync += half.eq(~half)
        m.d.memory += [seen.eq(half), second.eq(seen != half)]
        m.d.comb += [
            self.i.ask.eq(self.o.ask & second),
            self.i.image.eq(self.o.image & second),
            self.o.taken.eq(self.i.taken),
        ]

        # Two words stay for two cycles, of which one ends with a cycle of `sync`.
        upper, stays = Signal(), Signal(range(3))
        lower = Signal(self._bits, reset_less=True)
        both = Signal(2 * self._bits, reset_less=True)
        m.d.memory += stays.eq(Mux(stays == 0, 0, stays - 1))
        with m.If(self.i.valid):
            m.d.memory += [upper.eq(~upper), lower.eq(self.i.word)]
        with m.If(self.i.valid & upper):
            m.d.memory += [both.eq(Cat(lower, self.i.word)), stays.eq(2)]
        m.d.sync += [self.o.valid.eq(stays != 0), self.o.word.eq(both)]

        return m
