"""Serial bridge: an accelerator behind a UART."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect

from threefold.errors import PlanError
from threefold.plan import Ports

from ..stream import shape_of
from .byte_packer import BytePacker
from .byte_unpacker import ByteUnpacker
from .serial import FIFO_BYTES
from .uart import UARTReceiver, UARTTransmitter

__all__ = ["UARTBridge"]


class UARTBridge(wiring.Component):
    """Feeds an accelerator from a UART and sends its results back.

    Each input code takes one byte, in order. Each output element takes as many bytes as it
    needs, low byte first, sign-extended if signed. The line has no flow control: bytes wait
    in a FIFO, and the host sends no more than fits before it has the result.

    Parameters
    ----------
    accelerator : wiring.Component
        Its attribute ``ports``, a :class:`~threefold.plan.Ports`, describes its streams ``i`` and
        ``o``; input codes have at most 8 bits. It becomes a submodule.
    divisor : int
        Clock cycles a bit.
    fifo_depth : int
        Bytes that may wait for the accelerator.

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
        Whether a byte was ever lost.

    Raises
    ------
    PlanError
        If the accelerator has no ports, or its streams are not as they say.
    """

    def __init__(
        self, accelerator: wiring.Component, *, divisor: int, fifo_depth: int = FIFO_BYTES
    ):
        self._accelerator = accelerator
        self._divisor = divisor
        self._fifo_depth = fifo_depth
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

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = self._receiver
        m.submodules.fifo = fifo = SyncFIFOBuffered(width=8, depth=self._fifo_depth)
        m.submodules.packer = packer = self._packer
        m.submodules.accelerator = accelerator = self._accelerator
        m.submodules.unpacker = unpacker = self._unpacker
        m.submodules.transmitter = transmitter = self._transmitter

        m.d.comb += [receiver.rx.eq(self.rx), self.tx.eq(transmitter.tx)]
        connect(m, receiver.o, fifo.w_stream)
        connect(m, fifo.r_stream, packer.i)
        connect(m, packer.o, accelerator.i)
        connect(m, accelerator.o, unpacker.i)
        connect(m, unpacker.o, transmitter.i)

        with m.If(receiver.overrun):
            m.d.sync += self.overrun.eq(1)
        with m.If(accelerator.o.valid & accelerator.o.ready):
            m.d.sync += self.last.eq(accelerator.o.payload[-1])

        # Images whose first byte has come and whose last output has not left. The FIFO holds at
        # most one a byte, the accelerator a few.
        images = Signal(range(self._fifo_depth + 256))
        begins, _ = _ends(m, "received", receiver.o, self._ports.input.tensor.size)
        _, ends = _ends(m, "answered", accelerator.o, self._ports.output.beats)
        m.d.sync += [
            images.eq(images + begins - ends),
            self.busy.eq(begins | (images != 0) | unpacker.o.valid | ~transmitter.i.ready),
        ]

        return m


def _ends(m: Module, name: str, port, beats: int) -> tuple[Value, Value]:
    """Whether the first, and whether the last of an image's beats is transferred."""
    transfer = port.valid & port.ready
    if beats == 1:
        return transfer, transfer
    place = Signal(range(beats), name=name)
    with m.If(transfer):
        m.d.sync += place.eq(Mux(place == beats - 1, 0, place + 1))
    return transfer & (place == 0), transfer & (place == beats - 1)


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
