"""Program in an SDRAM: loaded once, and read for each image."""

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from threefold.boards.sdram import SDRAM

from ..frames import FrameSignature
from ..sequential.load_port import LoadPort
from .bursts import BURST, Access
from .controller import SDRAMController, SDRAMPins
from .feed import feed_of
from .frame_reader import FrameReader

__all__ = ["SDRAMProgram"]


class SDRAMProgram(wiring.Component):
    """SDRAM with the program of a streamed unit, from its first word on.

    It takes what :func:`~threefold.plan.image_of` gives. Until that is there and right, nothing is
    read.

    Parameters
    ----------
    sdram : SDRAM
    clock_mhz : float
        Frequency of ``sync``, and of the SDRAM.
    words : int
        Words of a frame.

    Members
    -------
    load : In(stream.Signature(8)), fingerprint : In(32), idle : In(1), loaded : Out(1), \
refused : Out(1)
        Those of :class:`~threefold.hw.sequential.load_port.LoadPort`.
    frames : In(FrameSignature(bits))
        What the accelerator asks for. It is to be reset while ``loaded`` is low.
    pins : Out(SDRAMPins(sdram))

    Raises
    ------
    PlanError
        As :class:`SDRAMController` and :class:`FrameReader`.
    """

    def __init__(self, sdram: SDRAM, *, clock_mhz: float, words: int):
        self._controller = SDRAMController(sdram, clock_mhz=clock_mhz)
        self._reader = FrameReader(sdram, feed_of(sdram, clock_mhz), words)
        self._port = LoadPort(BURST * sdram.bits, sdram.words // BURST)
        super().__init__(
            {
                "load": In(stream.Signature(8)),
                "fingerprint": In(32),
                "idle": In(1),
                "loaded": Out(1),
                "refused": Out(1),
                "frames": In(FrameSignature(sdram.bits)),
                "pins": Out(SDRAMPins(sdram)),
            }
        )

    def elaborate(self, platform):
        m = Module()

        controller, reader, port = self._controller, self._reader, self._port
        m.submodules.controller = controller
        m.submodules.reader = ResetInserter(~port.loaded)(reader)
        m.submodules.port = port
        connect(m, flipped(self.load), port.i)
        connect(m, flipped(self.frames), reader.frames)
        connect(m, controller.pins, flipped(self.pins))
        # Bytes come bit by bit, so that a burst is long written when the next is there.
        row = Signal.like(port.row, reset_less=True)
        writes, place = Signal(), Signal.like(controller.i.payload.burst)
        requests, bursts = controller.i, Signal.like(reader.bursts, reset_less=True)
        with m.If(port.write):
            m.d.sync += [
                writes.eq(1),
                row.eq(port.row),
                place.eq(port.place),
                bursts.eq(port.place + 1),
            ]
        with m.Elif(requests.ready):
            m.d.sync += writes.eq(0)
        m.d.comb += [
            port.fingerprint.eq(self.fingerprint),
            port.idle.eq(self.idle),
            self.loaded.eq(port.loaded),
            self.refused.eq(port.refused),
            requests.valid.eq(writes | reader.requests.valid),
            requests.payload.eq(reader.requests.payload),
            reader.requests.ready.eq(requests.ready & ~writes),
            reader.bursts.eq(bursts),
            reader.enable.eq(port.loaded & ~writes),
            reader.word.eq(controller.o),
            reader.word_valid.eq(controller.o_valid),
        ]
        with m.If(writes):
            m.d.comb += [
                requests.payload.access.eq(Access.WRITE),
                requests.payload.burst.eq(place),
                requests.payload.words.as_value().eq(row),
            ]

        return m
