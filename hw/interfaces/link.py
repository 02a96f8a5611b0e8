"""Serial link: an accelerator and its registers behind a UART."""

import math
from collections.abc import Mapping
from typing import Self

from amaranth.hdl import Module, ResetInserter, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect

from threefold.errors import PlanError
from threefold.network.file import digest
from threefold.plan import Ports
from threefold.registers import REGISTERS
from threefold.registers.identity import identity_of

from ..stream import shape_of
from .byte_fifos import ByteFifos
from .byte_packer import BytePacker
from .byte_unpacker import ByteUnpacker
from .controlled import ControlledAccelerator
from .frame_parser import FrameParser
from .framer import Framer
from .serial import ADDRESS_BITS, RECORD_BITS, window
from .stuffer import Destuffer, Stuffer
from .uart import UARTReceiver, UARTTransmitter, divisor

__all__ = ["SerialLink"]

_COUNTER_BITS = 16


class SerialLink(wiring.Component):
    """Accelerator behind a UART, which frames ask for images and registers.

    The protocol is that of ``docs/reference/link.md``. No image is stored: codes go into the
    accelerator as they come, and wait in a FIFO while it does not take them.

    Parameters
    ----------
    accelerator : wiring.Component
        Its attribute ``ports``, a :class:`~threefold.plan.Ports`, describes its streams ``i`` and
        ``o``; input codes have at most 8 bits. It becomes a submodule.
    constants : dict of str to int
        Words of the registers that never change, ``WINDOW`` among them.
    divisor : int
        Clock cycles a bit, at least 4.

    Members
    -------
    rx : In(1)
        Serial line in, idle high.
    tx : Out(1)
        Serial line out, idle high.
    busy : Out(1)
        While an image is on its way, or a frame is being sent.
    error : Out(1)
        High for a cycle when a frame is refused or a byte is lost.
    last : Out(8)
        Low bits of the latest output element: the class, for a classifier.
    cycles : Out(32)
        Cycles since the start.

    Raises
    ------
    PlanError
        If the accelerator has no ports, its streams are not as they say, a code does not fit a
        byte, or there are less than 4 cycles a bit.
    """

    def __init__(
        self, accelerator: wiring.Component, constants: Mapping[str, int], *, divisor: int
    ):
        ports = _ports(accelerator)
        given, taken = ports.input, ports.output
        self._divisor = divisor
        self._ports = ports
        self._controlled = ControlledAccelerator(accelerator, REGISTERS.on("link"), constants)
        self._receiver = UARTReceiver(divisor)
        self._parser = FrameParser(given.tensor.size, value_bits=_written_bits())
        self._packer = BytePacker(given.type.bits, given.type.lanes)
        self._unpacker = ByteUnpacker(shape_of(taken.type), taken.type.lanes)
        self._framer = Framer(taken.tensor.size * taken.element_bytes)
        self._transmitter = UARTTransmitter(divisor)
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "busy": Out(1),
                "error": Out(1),
                "last": Out(8),
                "cycles": Out(32),
            }
        )

    @classmethod
    def at(cls, accelerator: wiring.Component, *, clock_mhz: float, baud: int) -> Self:
        """The link of an accelerator at a clock in MHz and a rate in bit/s.

        An accelerator of a plan is told by its network, and by its interval how many images may be
        on their way; of another one only as many as wait in the FIFO.

        Raises
        ------
        PlanError
            Also if the clock cannot make the rate, or the line brings images too fast.
        """
        ports = _ports(accelerator)
        plan = getattr(accelerator, "plan", None)
        told = digest(plan.network) if plan else "0" * 64
        constants = identity_of(ports, told, clock_mhz=clock_mhz)
        interval = plan.cycles.interval if plan else math.inf
        constants["WINDOW"] = window(ports, interval, clock_mhz, baud)
        return cls(accelerator, constants, divisor=divisor(clock_mhz, baud))

    @property
    def accelerator(self) -> wiring.Component:
        """What is behind the line."""
        return self._controlled.accelerator

    @property
    def divisor(self) -> int:
        """Clock cycles a bit."""
        return self._divisor

    def elaborate(self, platform):
        m = Module()

        controlled = self._controlled
        anew = ResetInserter(controlled.forget)
        m.submodules.receiver = receiver = self._receiver
        m.submodules.fifos = fifos = ByteFifos(address_bits=ADDRESS_BITS, few_bits=RECORD_BITS)
        m.submodules.destuffer = destuffer = Destuffer()
        m.submodules.parser = parser = self._parser
        m.submodules.packer = anew(self._packer)
        m.submodules.controlled = controlled
        m.submodules.unpacker = anew(self._unpacker)
        m.submodules.framer = framer = self._framer
        m.submodules.stuffer = stuffer = Stuffer()
        m.submodules.transmitter = transmitter = self._transmitter

        connect(m, receiver.o, fifos.i)
        connect(m, fifos.o, destuffer.i)
        connect(m, destuffer.o, parser.i)
        connect(m, parser.codes, self._packer.i)
        connect(m, self._packer.o, controlled.i)
        connect(m, controlled.o, self._unpacker.i)
        connect(m, parser.records, fifos.few_i)
        connect(m, fifos.few_o, framer.records)
        connect(m, self._unpacker.o, framer.results)
        connect(m, framer.o, stuffer.i)
        connect(m, stuffer.o, transmitter.i)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            parser.run.eq(controlled.run),
            framer.forget.eq(controlled.forget),
            fifos.clear_few.eq(controlled.forget),
            self.busy.eq(parser.busy | controlled.busy | framer.busy | ~transmitter.i.ready),
            self.cycles.eq(controlled.cycles),
        ]
        with m.If(controlled.o.valid & controlled.o.ready):
            m.d.sync += self.last.eq(controlled.o.payload[-1])
        self._access(m, parser.request)
        lost = Signal()
        m.d.sync += lost.eq(receiver.overrun | receiver.broken)
        self._count(m, lost, parser.bad)

        return m

    def _access(self, m: Module, request):
        """A register that is written if need be, then read, and then told."""
        port, value, asked = self._controlled.port, self._framer.value, request.payload
        width = len(port.address)
        step, told = Signal(2), Signal()
        m.d.comb += [
            # Beyond the map lies the last word, where no register is.
            port.address.eq(asked.address[:width] | asked.address[width:].any().replicate(width)),
            port.w_data.eq(asked.value),
            port.write.eq(request.valid & asked.write & (step == 0) & ~told),
            port.read.eq(step == 2),  # a cycle after what was written has acted
            value.valid.eq(step == 3),
            value.payload.seq.eq(asked.seq),
            value.payload.address.eq(asked.address),
            value.payload.value.eq(port.r_data),
            request.ready.eq(told),
        ]
        m.d.sync += told.eq(value.valid & value.ready)
        with m.If(request.valid & ~told & (~value.valid | value.ready)):
            m.d.sync += step.eq(step + 1)

    def _count(self, m: Module, lost: Value, bad: Value):
        """Faults, as registers and as one signal."""
        controlled = self._controlled
        frames, bytes_lost = Signal(_COUNTER_BITS), Signal(_COUNTER_BITS)
        m.d.sync += [frames.eq(frames + bad), bytes_lost.eq(bytes_lost + lost)]
        m.d.comb += [
            controlled.frames_bad.eq(frames),
            controlled.overruns.eq(bytes_lost),
            controlled.errors.frame.eq(bad),
            controlled.errors.overrun.eq(lost),
            self.error.eq(bad | lost),
        ]


def _written_bits() -> int:
    """Low bits of a word that some register takes."""
    fields = [
        field
        for register in REGISTERS.on("link").values()
        if register.access in ("rw", "w1c")
        for field in register.fields
    ]
    return max(field.lsb + field.bits for field in fields)


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
