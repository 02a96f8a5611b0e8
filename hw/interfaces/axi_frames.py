"""AXI frame reader: frames of words in order, from a memory behind AXI4."""

from math import gcd

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError

from ..frames import FrameSignature

__all__ = ["AXIFrameReader", "axi_read"]

_PAGE = 4096  # bytes, over whose end no burst goes
_BEATS = 256  # of a burst at most
_INCREMENTING = 1  # kind of a burst
_WIDTHS = (32, 64, 128)


def axi_read(bits: int, address_bits: int = 32) -> wiring.Signature:
    """Signature of the read channels of an AXI4 manager.

    There are no identifiers: data come in the order of their addresses. ``ar`` has ``addr``,
    ``len``, ``size`` and ``burst``; ``r`` has ``data``, ``resp`` and ``last``.

    Parameters
    ----------
    bits : int
        Width of the data bus.
    address_bits : int
    """
    address = {"addr": address_bits, "len": 8, "size": 3, "burst": 2}
    word = {"data": bits, "resp": 2, "last": 1}
    return wiring.Signature(
        {
            "ar": Out(stream.Signature(data.StructLayout(address))),
            "r": In(stream.Signature(data.StructLayout(word))),
        }
    )


class AXIFrameReader(wiring.Component):
    """Reader of the program of a streamed unit, image after image, from a memory of a system.

    A frame is one burst, or several that end at addresses of the same alignment, so that none goes
    over the end of a page. Bursts of a frame are asked for one after the other, and those of the
    next when all of the one before have been.

    Parameters
    ----------
    bits : int
        Width of the data bus and of a word: 32, 64 or 128.
    words : int
        Words of a frame.
    address_bits : int

    Members
    -------
    frames : In(FrameSignature(bits))
        What the accelerator asks for.
    enable : In(1)
        The program is there. Nothing is read before.
    base : In(address_bits)
        Address of its first byte, a multiple of 4,096. It stays while ``enable`` is high.
    count : In(32)
        Its frames.
    bus : Out(axi_read(bits, address_bits))
    error : Out(1)
        The bus has told of an error since the last reset.

    Raises
    ------
    PlanError
        If there is no such bus.
    """

    def __init__(self, *, bits: int, words: int, address_bits: int = 32):
        if bits not in _WIDTHS:
            raise PlanError(
                f"data of AXI4 have {', '.join(map(str, _WIDTHS[:-1]))} or {_WIDTHS[-1]} bits "
                f"here, not {bits}"
            )
        if words < 1:
            raise PlanError(f"a frame has 1 word or more, not {words}")
        self._bits, self._words = bits, words
        self._beats = gcd(words * bits // 8, _PAGE, _BEATS * bits // 8) * 8 // bits
        super().__init__(
            {
                "frames": In(FrameSignature(bits)),
                "enable": In(1),
                "base": In(address_bits),
                "count": In(32),
                "bus": Out(axi_read(bits, address_bits)),
                "error": Out(1),
            }
        )

    @property
    def beats(self) -> int:
        """Beats of a burst, which are words."""
        return self._beats

    def elaborate(self, platform):
        m = Module()

        ar, r, bursts = self.bus.ar, self.bus.r, self._words // self._beats
        size = self._beats * self._bits // 8
        left, frame = Signal(range(bursts + 1)), Signal(32)
        offset, sent, last = Signal(len(self.base)), Signal(), Signal()
        m.d.comb += [
            sent.eq(ar.valid & ar.ready),
            last.eq(frame == self.count - 1),
            self.frames.taken.eq(self.enable & self.frames.ask & (left == 0)),
            self.frames.valid.eq(r.valid),
            self.frames.word.eq(r.payload.data),
            ar.payload.addr.eq(self.base + offset),
            ar.payload.len.eq(self._beats - 1),
            ar.payload.size.eq((self._bits // 8).bit_length() - 1),
            ar.payload.burst.eq(_INCREMENTING),
            ar.valid.eq(left != 0),
            r.ready.eq(1),
        ]
        with m.If(self.frames.taken):
            m.d.sync += left.eq(bursts)
        with m.If(sent):
            m.d.sync += [left.eq(left - 1), offset.eq(offset + size)]
            with m.If(left == 1):
                m.d.sync += frame.eq(Mux(last, 0, frame + 1))
                with m.If(last):
                    m.d.sync += offset.eq(0)
        with m.If(r.valid & (r.payload.resp != 0)):
            m.d.sync += self.error.eq(1)

        return m
