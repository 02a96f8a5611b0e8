"""Framer: results and values in frames."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import enum, stream, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError

from .crc32 import CRC32
from .stuffer import ESCAPE, FLAG, PlainByte

__all__ = ["BoardFrame", "Framer"]

_VALUE_BYTES = 5  # an address, and the value behind it


class BoardFrame(enum.Enum, shape=8):
    """Types of frames that a board sends."""

    RESULT = 0x81
    VALUE = 0x82


class _Part(enum.IntEnum, shape=3):
    """Part of a frame that is sent, and the bit that is high there."""

    BEGIN = 0
    TYPE = 1
    SEQ = 2
    BODY = 3
    VERDICT = 4
    CHECK = 5
    END = 6
    ABORT = 7


class Framer(wiring.Component):
    """Framer of results, each with the sequence number and verdict of its image, and of values.

    A frame of a result begins as soon as its first byte is there. It is aborted in front of its
    CRC if the verdict is 1, and as soon as it can be when images are forgotten. A value goes
    before results whose frames have not begun.

    Bytes are made a bit a cycle, the lowest one first, as they enter the CRC. What a VALUE tells is
    56 bits: a sequence number of 16, an address of 8, and a value of 32.

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
    value : In(stream.Signature(1))
        A value to be told, and the bit of it that comes next; taken with the end of its frame.
    shift : Out(1)
        Whether the bit at ``value`` is followed by the next one from the next cycle on.
    forget : In(1)
        Whether results and records are forgotten in this cycle.
    o : Out(stream.Signature(PlainByte))
        Bytes of frames.
    busy : Out(1)
        Whether a frame is being sent.
    answered : Out(1)
        High for a cycle when the last byte of a result and its verdict have been taken.

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
                "value": In(stream.Signature(1)),
                "shift": Out(1),
                "forget": In(1),
                "o": Out(stream.Signature(PlainByte)),
                "busy": Out(1),
                "answered": Out(1),
            }
        )

    @property
    def outputs(self) -> int:
        """Bytes of a result."""
        return self._outputs

    def elaborate(self, platform):
        m = Module()

        part = Signal(len(_Part), init=1 << _Part.BEGIN)
        told = Signal()  # a value, not a result
        place = Signal(range(max(self._outputs, _VALUE_BYTES)))  # of a byte in its part
        bits, bit, there = Signal(3), Signal(), Signal()
        moves, whole, step, behind = Signal(), Signal(), Signal(), Signal()
        raw = part[_Part.BEGIN] | part[_Part.END] | part[_Part.ABORT]

        m.submodules.crc = crc = CRC32()
        m.d.comb += [
            moves.eq(self.busy & there & ~self.o.valid & ~step),
            whole.eq((bits == 7) & ~self.o.valid & ~step),
            # It takes bits a cycle later, all of them before the next part begins.
            crc.bit.eq(self.o.payload.byte[7]),
            crc.plain.eq(part[_Part.CHECK]),
            crc.shift.eq(behind | (moves & part[_Part.CHECK])),
            crc.start.eq(part[_Part.BEGIN]),
        ]
        with m.If(moves):
            m.d.sync += [
                self.o.payload.byte.eq(Cat(self.o.payload.byte[1:], bit)),
                self.o.payload.raw.eq(raw),
                bits.eq(bits + 1),
                self.o.valid.eq(whole),
            ]
        m.d.sync += behind.eq(moves & ~raw & ~part[_Part.CHECK])
        # A cycle behind the byte that was taken there is another part.
        m.d.sync += step.eq(self.o.valid & self.o.ready)
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += self.o.valid.eq(0)

        self._source(m, part, told, place, bits, bit, there, ~crc.low)
        self._go(m, part, told, place, bits, step)
        m.d.comb += [
            self.answered.eq(part[_Part.VERDICT] & ~told & self.records.valid),
            self.records.ready.eq(~told & (part[_Part.VERDICT] | (whole & part[_Part.SEQ]))),
            self.results.ready.eq(~told & whole & part[_Part.BODY]),
            self.shift.eq(moves & told & (part[_Part.SEQ] | part[_Part.BODY])),
            self.value.ready.eq(step & told & part[_Part.END]),
        ]

        return m

    def _go(self, m: Module, part: Signal, told: Signal, place: Signal, bits, step: Signal):
        """The part and place behind a byte that was sent."""
        last, ends, forgotten, aborts = Signal(), Signal(), Signal(), Signal()
        result = self.results.valid & self.records.valid & ~self.forget
        length = Mux(told, place[2], place == self._outputs - 1)
        m.d.sync += forgotten.eq((forgotten | self.forget) & self.busy & ~part[_Part.ABORT])
        m.d.comb += [
            last.eq(
                ~((part[_Part.SEQ] | part[_Part.ABORT]) & ~place[0])
                & ~(part[_Part.BODY] & ~length)
                & ~(part[_Part.CHECK] & ~place[:2].all())
            ),
            ends.eq(step & last & (part[_Part.END] | part[_Part.ABORT])),
            aborts.eq(forgotten & ~told & ~self.o.valid & ~step),
        ]
        with m.If(step):
            m.d.sync += place.eq(place + 1)
        with m.If(aborts | (step & last)):
            m.d.sync += place.eq(0)
        with m.If(step & last):
            m.d.sync += part.eq(part.rotate_left(1))
        with m.If(part[_Part.VERDICT] & (told | self.records.valid)):
            bad = ~told & self.records.payload[0]
            m.d.sync += part.eq(Mux(bad, 1 << _Part.ABORT, 1 << _Part.CHECK))
        with m.If(aborts):
            m.d.sync += [part.eq(1 << _Part.ABORT), bits.eq(0)]
        m.d.sync += self.busy.eq(Mux(self.busy, ~ends, self.value.valid | result))
        with m.If(~self.busy):
            m.d.sync += [told.eq(self.value.valid), part.eq(1 << _Part.BEGIN)]

    def _source(self, m: Module, part, told, place, bits, bit: Signal, there: Signal, check):
        """The next bit of a part, and whether it is there."""

        def of(byte: int):
            return Const(byte, 8).bit_select(bits, 1)

        record = self.records.payload.bit_select(bits, 1)
        result = self.results.payload.bit_select(bits, 1)
        kind = Mux(told, of(BoardFrame.VALUE.value), of(BoardFrame.RESULT.value))
        flag = part[_Part.BEGIN] | part[_Part.END] | (part[_Part.ABORT] & place[0])
        m.d.comb += [
            bit.eq(
                (flag & of(FLAG))
                | (part[_Part.TYPE] & kind)
                | (part[_Part.SEQ] & Mux(told, self.value.payload, record))
                | (part[_Part.BODY] & Mux(told, self.value.payload, result))
                | (part[_Part.CHECK] & check)
                | (part[_Part.ABORT] & ~place[0] & of(ESCAPE))
            ),
            there.eq(
                ~(part[_Part.SEQ] & ~told & ~self.records.valid)
                & ~(part[_Part.BODY] & ~told & ~self.results.valid)
                & ~part[_Part.VERDICT]
            ),
        ]
