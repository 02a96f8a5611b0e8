"""Program in an SDRAM: loaded once, and read for each image."""

from amaranth.hdl import Cat, DomainRenamer, Module, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from threefold.boards.sdram import SDRAM

from ..frames import FrameSignature
from ..sequential.load_port import LoadPort
from .bursts import BURST, Access
from .controller import SDRAMController, SDRAMPins
from .doubler import FrameDoubler
from .feed import even, feed_of
from .frame_reader import FrameReader

__all__ = ["SDRAMProgram"]

_DRAINED = 31  # cycles after which no word is on its way that was asked for before


class SDRAMProgram(wiring.Component):
    """SDRAM with the program of a streamed unit, from its first word on.

    It takes what :func:`~threefold.plan.image_of` gives. Until that is there and right, nothing is
    read. An SDRAM of twice the clock is in the domain ``memory``, see :class:`FrameDoubler`.

    Parameters
    ----------
    sdram : SDRAM
    clock_mhz : float
        Frequency of ``sync``.
    words : int
        Words of a frame, as the accelerator takes them.
    ratio : int
        Frequency of the SDRAM by that of ``sync``: 1 or 2.

    Members
    -------
    load : In(stream.Signature(8)), fingerprint : In(32), idle : In(1), loaded : Out(1), \
refused : Out(1)
        Those of :class:`~threefold.hw.sequential.load_port.LoadPort`. Bytes wait while a burst of
        them has not been written.
    hold : In(1)
        The clocks are not steady; the SDRAM is told nothing, and begins anew when they are.
    restart : In(1)
        Reading begins anew, and an image of which some has come is given up; what is in the SDRAM
        stays.
    stopped : Out(1)
        A register: the accelerator is to be reset. From a restart on, and while ``loaded`` is low,
        until nothing is on its way any more.
    frames : In(FrameSignature(ratio * bits))
        What the accelerator asks for.
    pins : Out(SDRAMPins(sdram))

    Raises
    ------
    PlanError
        As :class:`SDRAMController` and :class:`FrameReader`.
    """

    def __init__(self, sdram: SDRAM, *, clock_mhz: float, words: int, ratio: int = 1):
        memory_mhz = ratio * clock_mhz
        feed = feed_of(sdram, memory_mhz)
        self._ratio = ratio
        self._controller = SDRAMController(sdram, clock_mhz=memory_mhz)
        self._reader = FrameReader(sdram, feed if ratio == 1 else even(feed), ratio * words)
        self._port = LoadPort(BURST * sdram.bits, sdram.words // BURST)
        super().__init__(
            {
                "load": In(stream.Signature(8)),
                "fingerprint": In(32),
                "idle": In(1),
                "loaded": Out(1),
                "refused": Out(1),
                "hold": In(1),
                "restart": In(1),
                "stopped": Out(1, init=1),
                "frames": In(FrameSignature(ratio * sdram.bits)),
                "pins": Out(SDRAMPins(sdram)),
            }
        )

    @property
    def ratio(self) -> int:
        """Frequency of the SDRAM by that of ``sync``."""
        return self._ratio

    @property
    def domain(self) -> str:
        """Clock domain of the SDRAM."""
        return "sync" if self._ratio == 1 else "memory"

    def elaborate(self, platform):
        m = Module()

        controller, reader, port = self._controller, self._reader, self._port
        renamed = DomainRenamer(self.domain)
        m.submodules.controller = renamed(controller)
        m.submodules.reader = renamed(reader)
        m.d.comb += reader.restart.eq(self._stop(m))
        m.submodules.port = ResetInserter(self.restart)(port)
        connect(m, controller.pins, flipped(self.pins))
        if self._ratio == 1:
            connect(m, flipped(self.frames), reader.frames)
        else:
            # It is not reset, as bursts that have begun have an even number of words.
            m.submodules.doubler = doubler = FrameDoubler(len(reader.word))
            connect(m, flipped(self.frames), doubler.o)
            connect(m, doubler.i, reader.frames)
        # What says so is far. Besides the controller nothing of the SDRAM's domain needs a reset.
        held = Signal(2, init=-1, reset_less=True)
        m.d[self.domain] += held.eq(Cat(self.hold, held))
        waits = self._write(m)
        self._take(m, waits)
        m.d.comb += [
            port.fingerprint.eq(self.fingerprint),
            port.idle.eq(self.idle),
            self.loaded.eq(port.loaded),
            self.refused.eq(port.refused),
            controller.hold.eq(held[-1]),
            reader.enable.eq(1),
            reader.word.eq(controller.o),
            reader.word_valid.eq(controller.o_valid),
        ]

        return m

    def _take(self, m: Module, waits: Signal) -> None:
        """Bytes by registers each way, as they come from far, and rows go to the controller.

        One is taken when the port is done with it, which takes it eight cycles.
        """
        port, load = self._port, self.load
        there, done = Signal(), Signal()
        m.d.comb += [
            port.i.valid.eq(there),
            done.eq(port.i.valid & port.i.ready),
        ]
        m.d.sync += [
            there.eq(load.valid & ~done & ~load.ready & ~waits & ~self.restart),
            port.i.payload.eq(load.payload),
            load.ready.eq(done & ~self.restart),
        ]

    def _stop(self, m: Module) -> Signal:
        """The register ``stopped``, in the domain of the SDRAM."""
        left, begins = Signal(range(_DRAINED + 1), init=_DRAINED), Signal()
        m.d.comb += begins.eq(self.restart | ~self._port.loaded)
        m.d.sync += self.stopped.eq(begins | (left != 0))
        with m.If(begins):
            m.d.sync += left.eq(_DRAINED)
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        if self._ratio == 1:
            return self.stopped
        # A whole cycle of `sync` later: the way there is far, and one to many registers.
        stages = Signal(3, init=-1)
        m.d.memory += stages.eq(Cat(self.stopped, stages))
        return stages[-1]

    def _write(self, m: Module) -> Signal:
        """Requests: rows that are written, and those of the reader; whether bytes have to wait."""
        port, requests, reader = self._port, self._controller.i, self._reader
        domain, row = m.d[self.domain], Signal.like(port.row, reset_less=True)
        place = Signal.like(requests.payload.burst, reset_less=True)
        bursts = Signal.like(reader.bursts, reset_less=True)
        # Whenever `there` changes there is a row, which stays for the many cycles of the next.
        # Of what is in the SDRAM nothing is reset.
        there, seen = Signal(reset_less=True), Signal(reset_less=True)
        writes, waits = Signal(), Signal()
        with m.If(port.write):
            m.d.sync += [
                there.eq(~there),
                row.eq(port.row),
                place.eq(port.place),
                bursts.eq(port.place + 1),
            ]
        domain += seen.eq(there)
        with m.If(seen != there):
            domain += writes.eq(1)
        with m.Elif(requests.ready):
            domain += writes.eq(0)
        # The memory is far from who brings bytes, and those of the next row take far longer.
        near = Signal(2)
        m.d.sync += [near.eq(Cat(writes, near)), waits.eq(near[-1])]
        m.d.comb += [
            requests.valid.eq(writes | reader.requests.valid),
            requests.payload.access.eq(reader.requests.payload.access),
            requests.payload.burst.eq(reader.requests.payload.burst),
            requests.payload.words.as_value().eq(row),
            reader.requests.ready.eq(requests.ready & ~writes),
            reader.bursts.eq(bursts),
        ]
        with m.If(writes):
            m.d.comb += [
                requests.payload.access.eq(Access.WRITE),
                requests.payload.burst.eq(place),
            ]
        return waits
