"""LiteDRAM frame reader: frames of words in order, from a native port of a LiteDRAM core."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError

from ..frames import FrameSignature

__all__ = ["LiteDRAMFrameReader", "native_read"]

_WIDTHS = (8, 16, 32, 64, 128)


def native_read(bits: int, address_bits: int) -> wiring.Signature:
    """Signature of a native port of LiteDRAM, in its direction of reading.

    ``cmd`` asks for one word: it has ``we``, ``last`` and ``addr``, the number of a word of the
    port. ``rdata`` has ``data``, in the order of commands.

    Parameters
    ----------
    bits : int
        Width of the port's data.
    address_bits : int
    """
    command = {"we": 1, "last": 1, "addr": address_bits}
    return wiring.Signature(
        {
            "cmd": Out(stream.Signature(data.StructLayout(command))),
            "rdata": In(stream.Signature(data.StructLayout({"data": bits}))),
        }
    )


class LiteDRAMFrameReader(wiring.Component):
    """Reader of the program of a streamed unit, image after image, from a native port of LiteDRAM.

    Each word has a command, and commands of frames follow each other without a gap. Words are
    taken whenever they come, as a port as wide as its controller does not wait with them; so it is
    reset only together with the core, while no word is on its way.

    A port with narrower data than its controller gathers commands of words that lie together, and
    gives none of these before their last. Frames end with ``last`` for that. Where the port has no
    such pin, as those of ``litedram_gen``, a frame is a number of the controller's words, or the
    port has their width.

    Parameters
    ----------
    bits : int
        Width of the port's data and of a word: 8, 16, 32, 64 or 128.
    words : int
        Words of a frame.
    address_bits : int
        Width of the port's addresses.

    Members
    -------
    frames : In(FrameSignature(bits))
        What the accelerator asks for.
    enable : In(1)
        The program is there. Nothing is read before.
    base : In(address_bits)
        Address of its first word. It stays while ``enable`` is high.
    count : In(32)
        Its frames. It stays while ``enable`` is high.
    port : Out(native_read(bits, address_bits))

    Raises
    ------
    PlanError
        If there is no such port.
    """

    def __init__(self, *, bits: int, words: int, address_bits: int):
        if bits not in _WIDTHS:
            raise PlanError(
                f"data of a native port have {', '.join(map(str, _WIDTHS[:-1]))} or {_WIDTHS[-1]} "
                f"bits here, not {bits}"
            )
        if words < 1:
            raise PlanError(f"a frame has 1 word or more, not {words}")
        if address_bits < 1:
            raise PlanError(f"an address of a native port has 1 bit or more, not {address_bits}")
        self._bits, self._words = bits, words
        super().__init__(
            {
                "frames": In(FrameSignature(bits)),
                "enable": In(1),
                "base": In(address_bits),
                "count": In(32),
                "port": Out(native_read(bits, address_bits)),
            }
        )

    def elaborate(self, platform):
        m = Module()

        cmd, rdata, words = self.port.cmd, self.port.rdata, self._words
        # A frame is taken beside the last command of the one before, which may still wait then.
        left, frame = Signal(range(words + 2)), Signal(32)
        offset, sent = Signal.like(self.base), Signal()
        m.d.comb += [
            sent.eq(cmd.valid & cmd.ready),
            self.frames.taken.eq(self.enable & self.frames.ask & (left <= 1)),
            self.frames.valid.eq(rdata.valid),
            self.frames.word.eq(rdata.payload.data),
            cmd.payload.addr.eq(self.base + offset),
            cmd.payload.last.eq((left == 1) | (left == words + 1)),
            cmd.valid.eq(left != 0),
            rdata.ready.eq(1),
        ]
        m.d.sync += left.eq(left + Mux(self.frames.taken, words, 0) - sent)
        with m.If(sent):
            m.d.sync += offset.eq(offset + 1)
            with m.If(cmd.payload.last):
                m.d.sync += frame.eq(frame + 1)
                with m.If(frame == self.count - 1):
                    m.d.sync += [frame.eq(0), offset.eq(0)]

        return m
