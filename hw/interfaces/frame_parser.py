"""Frame parser: what the frames of a host ask for, and whether they are right."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import crc, data, enum, stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError

from .stuffer import FramedByte

__all__ = ["CRC_BYTES", "FrameParser", "HostFrame", "request_layout"]

CRC_BYTES = 4
"""Bytes of a frame's CRC."""

_READ_BYTES, _WRITE_BYTES = 1, 5  # an address, and a value behind it


class _Part(enum.IntEnum, shape=3):
    """Part of a frame that comes next."""

    TYPE = 0
    LOW = 1
    HIGH = 2
    BODY = 3
    CHECK = 4
    EXCESS = 5


class HostFrame(enum.Enum, shape=8):
    """Types of frames that a host sends."""

    IMAGE = 0x01
    READ = 0x02
    WRITE = 0x03


def request_layout(value_bits: int) -> data.StructLayout:
    """Layout of what a READ or WRITE asks for.

    Parameters
    ----------
    value_bits : int
        Low bits of the value that are kept.

    Members
    -------
    seq : 16
    address : 8
    write : 1
    value : value_bits
    """
    return data.StructLayout({"seq": 16, "address": 8, "write": 1, "value": value_bits})


class FrameParser(wiring.Component):
    """Frame parser between the bytes of frames and an accelerator.

    Codes of an image leave as they come, and as many as an image has: where a frame ends too early
    others follow, and what is too much is dropped. ``records`` are 3 bytes for each image: its
    sequence number, low byte first, and behind its last code a byte whose lowest bit is 0 if the
    frame was right. A READ or WRITE is asked for once its frame has proved right; until it
    is taken no further byte is.

    Parameters
    ----------
    inputs : int
        Codes of an image, at least 1.
    value_bits : int
        Low bits of a written value that are kept, 1 to 32.

    Members
    -------
    i : In(stream.Signature(FramedByte))
        Bytes of frames.
    run : In(1)
        Whether images are taken; otherwise their frames are bad ones.
    codes : Out(stream.Signature(8))
        Codes of images.
    records : Out(stream.Signature(8))
        Sequence number and verdict of each image.
    request : Out(stream.Signature(request_layout(value_bits)))
        What a READ or WRITE asks for.
    bad : Out(1)
        High for a cycle after a frame that is dropped.
    busy : Out(1)
        High from the header of an image to its verdict.

    Raises
    ------
    PlanError
        If an image has no code, or a value not 1 to 32 bits.
    """

    def __init__(self, inputs: int, *, value_bits: int = 32):
        if inputs < 1:
            raise PlanError(f"an image has at least 1 code, not {inputs}")
        if not 1 <= value_bits <= 32:
            raise PlanError(f"a register takes 1 to 32 bits, not {value_bits}")
        self._inputs = inputs
        self._value_bits = value_bits
        super().__init__(
            {
                "i": In(stream.Signature(FramedByte)),
                "run": In(1),
                "codes": Out(stream.Signature(8)),
                "records": Out(stream.Signature(8)),
                "request": Out(stream.Signature(request_layout(value_bits))),
                "bad": Out(1),
                "busy": Out(1),
            }
        )

    @property
    def inputs(self) -> int:
        """Codes of an image."""
        return self._inputs

    @property
    def value_bits(self) -> int:
        """Low bits of a written value that are kept."""
        return self._value_bits

    def elaborate(self, platform):
        m = Module()

        # Each byte is checked in 8 cycles. Then all is known of it, from registers, and it is used.
        m.submodules.crc = check = crc.Processor(CRC32_ISO_HDLC(data_width=1))
        byte, end = self.i.payload.byte, self.i.payload.end
        bits, checked, known, take = Signal(range(9)), Signal(), Signal(), Signal()
        used, ended, ends = Signal(), Signal(), Signal()
        moves = take
        for port in (self.codes, self.records):
            moves = moves | (port.valid & port.ready)
        m.d.comb += [
            checked.eq(bits == 8),
            check.data.eq(byte.bit_select(bits[:3], 1)),
            check.valid.eq(self.i.valid & ~end & ~checked),
            check.start.eq(take & ends),
            self.i.ready.eq(take),
            used.eq(known & ~ends),
            ended.eq(known & ends),
        ]
        m.d.sync += [
            bits.eq(Mux(take, 0, bits + check.valid)),
            known.eq(self.i.valid & (end | checked) & ~moves),
            ends.eq(end),
        ]

        image, committed = Signal(), Signal()
        part = Signal(_Part)
        left = Signal(range(max(self._inputs, _WRITE_BYTES) + 1))
        last, whole, right = Signal(), Signal(), Signal()
        m.d.sync += [
            last.eq(left == 1),
            whole.eq((part == _Part.CHECK) & (left == 0) & check.match_detected),
        ]
        m.d.comb += [
            committed.eq(image & (part >= _Part.HIGH)),
            right.eq(whole & ~self.i.payload.aborted),
            self.busy.eq(committed),
            self.codes.payload.eq(byte),
            self.records.payload.eq(Cat(Mux(ends, ~right, byte[0]), byte[1:])),
        ]
        m.d.sync += self.bad.eq(
            take & ends & ~right & ((part != _Part.TYPE) | self.i.payload.aborted)
        )
        known_type = Signal()
        self._tell(m, byte, part, image, known_type)
        with m.If(used):
            self._use(m, byte, part, image, known_type, left, last, take)
        with m.If(ended):
            self._end(m, part, committed, right, left, last, take)
            with m.If(take):
                m.d.sync += part.eq(_Part.TYPE)

        return m

    def _tell(self, m: Module, byte, part: Signal, image: Signal, known: Signal):
        """The type of a frame, a cycle before it is used."""
        with m.If(part == _Part.TYPE):
            m.d.sync += [
                image.eq((byte == HostFrame.IMAGE) & self.run),
                self.request.payload.write.eq(byte == HostFrame.WRITE),
                known.eq(
                    ((byte == HostFrame.IMAGE) & self.run)
                    | (byte == HostFrame.READ)
                    | (byte == HostFrame.WRITE)
                ),
            ]

    def _use(self, m: Module, byte, part: Signal, image, known_type, left, last, take):
        """A byte that has been checked."""
        asked, writes = self.request.payload, self.request.payload.write
        m.d.comb += take.eq(1)
        with m.Switch(part):
            with m.Case(_Part.TYPE):
                m.d.sync += part.eq(Mux(known_type, _Part.LOW, _Part.EXCESS))
            with m.Case(_Part.LOW, _Part.HIGH):
                m.d.comb += [self.records.valid.eq(image), take.eq(~image | self.records.ready)]
                m.d.sync += asked.seq.eq(Cat(asked.seq[8:], byte))
                size = Mux(image, self._inputs, Mux(writes, _WRITE_BYTES, _READ_BYTES))
                m.d.sync += left.eq(size)
                with m.If(take):
                    m.d.sync += part.eq(part + 1)
            with m.Case(_Part.BODY):
                m.d.comb += [self.codes.valid.eq(image), take.eq(~image | self.codes.ready)]
                with m.If(left == Mux(writes, _WRITE_BYTES, _READ_BYTES)):
                    m.d.sync += asked.address.eq(byte)
                for index, low in enumerate(range(0, self._value_bits, 8)):
                    with m.If(left == _WRITE_BYTES - 1 - index):
                        m.d.sync += asked.value[low : low + 8].eq(byte)
                with m.If(take):
                    self._count(m, part, left, last, _Part.CHECK, CRC_BYTES)
            with m.Case(_Part.CHECK):
                m.d.sync += left.eq(left - 1)
                with m.If(left == 0):
                    m.d.sync += part.eq(_Part.EXCESS)

    def _end(self, m: Module, part: Signal, committed, right, left, last, take: Signal):
        """The end of a frame: what its image lacks, and the verdict."""
        asks = right & ~committed
        m.d.comb += [
            self.request.valid.eq(asks),
            take.eq(~committed & (~asks | self.request.ready)),
        ]
        with m.If(committed), m.Switch(part):
            with m.Case(_Part.HIGH):
                m.d.comb += self.records.valid.eq(1)
                with m.If(self.records.ready):
                    m.d.sync += part.eq(_Part.BODY)
            with m.Case(_Part.BODY):
                m.d.comb += self.codes.valid.eq(1)
                with m.If(self.codes.ready):
                    self._count(m, part, left, last, _Part.EXCESS, 0)
            with m.Default():
                m.d.comb += [self.records.valid.eq(1), take.eq(self.records.ready)]

    def _count(self, m: Module, part: Signal, left, last, after: _Part, bytes_after: int):
        """One byte of the body less; behind the last one comes another part."""
        m.d.sync += left.eq(left - 1)
        with m.If(last):
            m.d.sync += [part.eq(after), left.eq(bytes_after)]
