"""Serial bridge: an accelerator behind a UART."""

from amaranth.hdl import Module, Mux, ResetInserter, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect

from threefold.errors import PlanError
from threefold.plan import Ports

from ..stream import shape_of
from .byte_packer import BytePacker
from .byte_unpacker import ByteUnpacker
from .serial import FIFO_BYTES, IDLE_BITS
from .uart import UARTReceiver, UARTTransmitter

__all__ = ["UARTBridge"]


class UARTBridge(wiring.Component):
    """Feeds an accelerator from a UART and sends its results back.

    Each input code takes one byte, in order. Each output element takes as many bytes as it
    needs, low byte first, sign-extended if signed. The line has no flow control: bytes wait
    in a FIFO, and the host sends no more than fits before it has the result.

    The next byte is the first of an image after a break on ``rx``, which forgets all images, and
    after a pause within the only image that is not answered yet. Once a byte is lost for lack of
    room, ``tx`` is low, a break as well, until one comes.

    Parameters
    ----------
    accelerator : wiring.Component
        Its attribute ``ports``, a :class:`~threefold.plan.Ports`, describes its streams ``i`` and
        ``o``; input codes have at most 8 bits. It becomes a submodule.
    divisor : int
        Clock cycles a bit.
    fifo_depth : int
        Bytes that may wait for the accelerator.
    idle_bits : int
        Bit times of that pause.

    Members
    -------
    rx : In(1)
        Serial line in, idle high.
    tx : Out(1)
        Serial line out, idle high.
    busy : Out(1)
        From the first byte received to the end of the last byte of the last result.
    last : Out(8)
        Low bits of the latest output element: the class, for a classifier.
    overrun : Out(1)
        Whether a byte was lost, until the next break.

    Raises
    ------
    PlanError
        If the accelerator has no ports, or its streams are not as they say.
    """

    def __init__(
        self,
        accelerator: wiring.Component,
        *,
        divisor: int,
        fifo_depth: int = FIFO_BYTES,
        idle_bits: int = IDLE_BITS,
    ):
        self._accelerator = accelerator
        self._divisor = divisor
        self._fifo_depth = fifo_depth
        self._idle_bits = idle_bits
        self._ports = ports = _ports(accelerator)
        self._receiver = UARTReceiver(divisor)
        self._packer = BytePacker(ports.input.type.bits, ports.input.type.lanes)
        self._unpacker = ByteUnpacker(shape_of(ports.output.type), ports.output.type.lanes)
        self._transmitter = UARTTransmitter(divisor)
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "busy": Out(1),
                "last": Out(8),
                "overrun": Out(1),
            }
        )

    @property
    def accelerator(self) -> wiring.Component:
        """What is behind the line."""
        return self._accelerator

    @property
    def divisor(self) -> int:
        """Clock cycles a bit."""
        return self._divisor

    @property
    def fifo_depth(self) -> int:
        """Bytes that may wait for the accelerator."""
        return self._fifo_depth

    @property
    def idle_bits(self) -> int:
        """Bit times of the pause after which part of an image is forgotten."""
        return self._idle_bits

    def elaborate(self, platform):
        m = Module()
        forget = Signal()
        anew = ResetInserter(forget)
        receiver, accelerator, transmitter = self._receiver, self._accelerator, self._transmitter
        fifo, packer = SyncFIFOBuffered(width=8, depth=self._fifo_depth), self._packer
        unpacker = self._unpacker
        m.submodules.receiver = receiver
        m.submodules.fifo = anew(fifo)
        m.submodules.packer = anew(packer)
        m.submodules.accelerator = anew(accelerator)
        m.submodules.unpacker = anew(unpacker)
        m.submodules.transmitter = anew(transmitter)

        m.d.comb += [receiver.rx.eq(self.rx), self.tx.eq(transmitter.tx & ~self.overrun)]
        m.d.comb += [
            fifo.w_data.eq(receiver.o.payload),
            fifo.w_en.eq(receiver.o.valid),
            receiver.o.ready.eq(fifo.w_rdy | forget),  # or a byte that waits would come afterwards
        ]
        connect(m, fifo.r_stream, packer.i)
        connect(m, packer.o, accelerator.i)
        connect(m, accelerator.o, unpacker.i)
        connect(m, unpacker.o, transmitter.i)

        with m.If(receiver.overrun):
            m.d.sync += self.overrun.eq(1)
        with m.Elif(receiver.broken):
            m.d.sync += self.overrun.eq(0)
        with m.If(_transfers(accelerator.o)):
            m.d.sync += self.last.eq(accelerator.o.payload[-1])

        # Images whose first byte has come and whose last output has not left. The FIFO holds at
        # most one a byte, the accelerator a few.
        images = Signal(range(self._fifo_depth + 256))
        received = _place(m, "received", receiver.o, self._ports.input.tensor.size)
        answered = _place(m, "answered", accelerator.o, self._ports.output.beats)
        begins = _transfers(receiver.o) & (received == 0)
        ends = _transfers(accelerator.o) & (answered == self._ports.output.beats - 1)
        sends = unpacker.o.valid | ~transmitter.i.ready
        m.d.sync += [
            images.eq(images + begins - ends),
            self.busy.eq(begins | (images != 0) | sends),
        ]

        pause = Signal(range(self._idle_bits * self._divisor + 1))
        idle = (received != 0) & (images == 1) & ~sends & ~receiver.active
        m.d.sync += pause.eq(Mux(idle, pause + 1, 0))
        m.d.comb += forget.eq(receiver.broken | (pause == self._idle_bits * self._divisor))
        with m.If(forget):
            m.d.sync += [images.eq(0), received.eq(0), answered.eq(0)]

        return m


def _transfers(port) -> Value:
    return port.valid & port.ready


def _place(m: Module, name: str, port, beats: int) -> Signal:
    """Number of the next beat within its image."""
    place = Signal(range(max(beats, 2)), name=name)
    with m.If(_transfers(port)):
        m.d.sync += place.eq(Mux(place == beats - 1, 0, place + 1))
    return place


def _ports(accelerator: wiring.Component) -> Ports:
    """What enters and leaves an accelerator, as it says, if its streams agree."""
    ports = getattr(accelerator, "ports", None)
    if not isinstance(ports, Ports):
        raise PlanError("an accelerator needs the attribute 'ports', which describes its streams")
    for port in (ports.input, ports.output):
        payload = getattr(getattr(accelerator, port.name, None), "payload", None)
        layout = data.ArrayLayout(shape_of(port.type), port.type.lanes)
        if not isinstance(payload, data.View) or payload.shape() != layout:
            sign = "signed" if port.type.signed else "unsigned"
            raise PlanError(
                f"an accelerator needs a stream {port.name!r} of {port.type.lanes} {sign} lanes "
                f"of {port.type.bits} bits, as its ports say"
            )
    return ports
