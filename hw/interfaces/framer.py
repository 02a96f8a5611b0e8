"""Framer: results and values in frames."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import crc, data, enum, stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError

from .frame_parser import CRC_BYTES
from .stuffer import ESCAPE, FLAG, PlainByte

__all__ = ["BoardFrame", "Framer", "Value"]

_VALUE_BYTES = 5  # an address, and the value behind it


class BoardFrame(enum.Enum, shape=8):
    """Types of frames that a board sends."""

    RESULT = 0x81
    VALUE = 0x82


class Value(data.Struct):
    """A register's value, as a VALUE tells it.

    Members
    -------
    seq : 16
    address : 8
    value : 32
    """

    seq: 16
    address: 8
    value: 32


class _Part(enum.IntEnum, shape=4):
    """Part of a frame that is sent."""

    BEGIN = 0
    TYPE = 1
    LOW = 2
    HIGH = 3
    BODY = 4
    VERDICT = 5
    CHECK = 6
    END = 7
    ABORT = 8


class Framer(wiring.Component):
    """Framer of results, each with the sequence number and verdict of its image, and of values.

    A frame of a result begins as soon as its first byte is there. It is aborted in front of its
    CRC if the verdict is 1, and as soon as it can be when images are forgotten. A value goes
    before results whose frames have not begun; it is taken with the end of its frame.

    Parameters
    ----------
    outputs : int
        Bytes of a result, at least 1.

    Members
    -------
    results : In(stream.Signature(8))
        Bytes of results.
    records : In(stream.Signature(8))
        3 bytes for each result: sequence number, low byte first, and a verdict in the lowest bit.
    value : In(stream.Signature(Value))
        A value to be told.
    forget : In(1)
        Whether results and records are forgotten in this cycle.
    o : Out(stream.Signature(PlainByte))
        Bytes of frames.
    busy : Out(1)
        Whether a frame is being sent.

    Raises
    ------
    PlanError
        If a result has no byte.
    """

    def __init__(self, outputs: int):
        if outputs < 1:
            raise PlanError(f"a result has at least 1 byte, not {outputs}")
        self._outputs = outputs
        super().__init__(
            {
                "results": In(stream.Signature(8)),
                "records": In(stream.Signature(8)),
                "value": In(stream.Signature(Value)),
                "forget": In(1),
                "o": Out(stream.Signature(PlainByte)),
                "busy": Out(1),
            }
        )

    @property
    def outputs(self) -> int:
        """Bytes of a result."""
        return self._outputs

    def elaborate(self, platform):
        m = Module()

        part, told = Signal(_Part), Signal()  # told: a value, not a result
        left = Signal(range(max(self._outputs, _VALUE_BYTES) + 1))
        byte, there, sent, step = Signal(8), Signal(), Signal(), Signal()

        # Each byte is offered, and in the 8 cycles after it was taken added to the CRC.
        m.submodules.crc = check = crc.Processor(CRC32_ISO_HDLC(data_width=1))
        bits = Signal(range(9))
        m.d.comb += [
            self.o.valid.eq(self.busy & there & ~sent),
            self.o.payload.byte.eq(byte),
            self.o.payload.raw.eq(
                (part == _Part.BEGIN) | (part == _Part.END) | (part == _Part.ABORT)
            ),
            # With its own bits the CRC moves on, and what is left of it stays as it is.
            check.data.eq(Mux(part == _Part.CHECK, ~check.crc[0], byte.bit_select(bits[:3], 1))),
            check.valid.eq(sent & ~step & ~self.o.payload.raw),
            check.start.eq(part == _Part.BEGIN),
            step.eq(sent & (bits == 8)),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += sent.eq(1)
        with m.If(sent):
            m.d.sync += [bits.eq(Mux(step, 0, bits + 1)), sent.eq(~step)]

        forgotten = Signal()
        m.d.sync += forgotten.eq((forgotten | self.forget) & self.busy & (part != _Part.ABORT))
        with m.If(~self.busy):
            result = self.results.valid & self.records.valid & ~self.forget
            m.d.sync += [
                self.busy.eq(self.value.valid | result),
                told.eq(self.value.valid),
                part.eq(_Part.BEGIN),
            ]
        with m.Elif(forgotten & ~told & ~sent & ~(there & self.o.valid)):
            m.d.sync += [part.eq(_Part.ABORT), left.eq(2)]
        with m.Else():
            self._go(m, part, told, left, step)
        self._source(m, part, told, left, byte, there, check.crc)
        m.d.comb += [
            self.records.ready.eq(
                (part == _Part.VERDICT)
                | (step & ~told & ((part == _Part.LOW) | (part == _Part.HIGH)))
            ),
            self.results.ready.eq(step & (part == _Part.BODY) & ~told),
            self.value.ready.eq(step & (part == _Part.END) & told),
        ]

        return m

    def _go(self, m: Module, part: Signal, told: Signal, left: Signal, step: Signal):
        """The part behind a byte that was sent."""
        with m.If((part == _Part.VERDICT) & self.records.valid):
            bad = self.records.payload[0]
            m.d.sync += [
                part.eq(Mux(bad, _Part.ABORT, _Part.CHECK)),
                left.eq(Mux(bad, 2, CRC_BYTES)),
            ]
        with m.If(step), m.Switch(part):
            with m.Case(_Part.BEGIN, _Part.TYPE, _Part.LOW):
                m.d.sync += part.eq(part + 1)
            with m.Case(_Part.HIGH):
                size = Mux(told, _VALUE_BYTES, self._outputs)
                m.d.sync += [part.eq(_Part.BODY), left.eq(size)]
            with m.Case(_Part.BODY):
                m.d.sync += left.eq(left - 1)
                with m.If(left == 1):
                    m.d.sync += part.eq(Mux(told, _Part.CHECK, _Part.VERDICT))
                    m.d.sync += left.eq(CRC_BYTES)
            with m.Case(_Part.CHECK):
                m.d.sync += left.eq(left - 1)
                with m.If(left == 1):
                    m.d.sync += part.eq(_Part.END)
            with m.Case(_Part.ABORT):
                m.d.sync += left.eq(left - 1)
                with m.If(left == 1):
                    m.d.sync += self.busy.eq(0)
            with m.Case(_Part.END):
                m.d.sync += self.busy.eq(0)

    def _source(self, m: Module, part, told, left, byte: Signal, there: Signal, check):
        """The byte of a part, and whether it is there."""
        value = self.value.payload
        m.d.comb += there.eq(1)
        with m.Switch(part):
            with m.Case(_Part.BEGIN, _Part.END):
                m.d.comb += byte.eq(FLAG)
            with m.Case(_Part.TYPE):
                m.d.comb += byte.eq(Mux(told, BoardFrame.VALUE, BoardFrame.RESULT))
            with m.Case(_Part.LOW, _Part.HIGH):
                half = Mux(part == _Part.LOW, value.seq[:8], value.seq[8:])
                m.d.comb += byte.eq(Mux(told, half, self.records.payload))
                m.d.comb += there.eq(Mux(told, self.value.valid, self.records.valid))
            with m.Case(_Part.BODY):
                m.d.comb += byte.eq(Mux(told, value.address, self.results.payload))
                for index in range(_VALUE_BYTES - 1):
                    with m.If(told & (left == _VALUE_BYTES - 1 - index)):
                        m.d.comb += byte.eq(value.value.word_select(index, 8))
                m.d.comb += there.eq(Mux(told, self.value.valid, self.results.valid))
            with m.Case(_Part.VERDICT):
                m.d.comb += there.eq(0)
            with m.Case(_Part.CHECK):
                m.d.comb += byte.eq(check[:8])
            with m.Case(_Part.ABORT):
                m.d.comb += byte.eq(Mux(left == 2, ESCAPE, FLAG))
