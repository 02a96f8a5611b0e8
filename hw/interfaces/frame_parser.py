"""Frame parser: what the frames of a host ask for, and whether they are right."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from threefold.errors import PlanError
from threefold.host.frames import LOAD_BYTES

from .crc32 import CRC32
from .stuffer import FramedByte

__all__ = ["FrameParser", "HostFrame", "request_layout"]

_HEADER_BYTES, _VALUE_BYTES = 3, 4  # sequence number and address, and what is written there


class _Part(enum.IntEnum, shape=3):
    """Part of a frame that comes next, and the bit that is high there."""

    TYPE = 0
    HEADER = 1
    BODY = 2
    CHECK = 3
    END = 4
    EXCESS = 5


class HostFrame(enum.Enum, shape=8):
    """Types of frames that a host sends."""

    IMAGE = 0x01
    READ = 0x02
    WRITE = 0x03
    LOAD = 0x04


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

    Bytes of a LOAD, as many as the one behind its sequence number says and one more, leave as they
    come as well, and nothing stands for those that are missing.

    Parameters
    ----------
    inputs : int
        Codes of an image, at least 1.
    value_bits : int
        Low bits of a written value that are kept, 1 to 32.
    loads : bool
        Whether there are LOADs; otherwise their frames are bad ones, and their members are missing.

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
    loading : In(1)
        Whether LOADs are taken.
    loaded : Out(stream.Signature(8))
        Bytes of LOADs.
    load : In(1)
        Moves ``answer`` in at the top of 32 bits, which are kept while a request waits.
    answer : In(1)
        A bit of them.
    shift : In(1)
        Moves ``seq``, ``address`` and these bits down, so that they leave by the lowest one.
    bad : Out(1)
        High from the end of a frame that is dropped until it is counted; no other one ends
        meanwhile.
    counted : In(1)
        Whether a frame that was dropped is counted in this cycle.
    busy : Out(1)
        High from the header of an image to its verdict.

    Raises
    ------
    PlanError
        If an image has no code, or a value not 1 to 32 bits.
    """

    def __init__(self, inputs: int, *, value_bits: int = 32, loads: bool = False):
        if inputs < 1:
            raise PlanError(f"an image has at least 1 code, not {inputs}")
        if not 1 <= value_bits <= 32:
            raise PlanError(f"a register takes 1 to 32 bits, not {value_bits}")
        self._crc = CRC32()
        self._part = Signal(len(_Part), init=1 << _Part.TYPE)
        self._inputs = inputs
        self._value_bits = value_bits
        self._loads = loads
        of_loads = {"loading": In(1), "loaded": Out(stream.Signature(8))}
        super().__init__(
            {
                "i": In(stream.Signature(FramedByte)),
                "run": In(1),
                "codes": Out(stream.Signature(8)),
                "records": Out(stream.Signature(8)),
                "request": Out(stream.Signature(request_layout(value_bits))),
                "load": In(1),
                "answer": In(1),
                "shift": In(1),
                "bad": Out(1),
                "counted": In(1),
                "busy": Out(1),
                **(of_loads if loads else {}),
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

    @property
    def loads(self) -> bool:
        """Whether there are LOADs."""
        return self._loads

    def elaborate(self, platform):
        m = Module()

        byte, end, aborted = self.i.payload.byte, self.i.payload.end, self.i.payload.aborted
        part = self._part
        most = LOAD_BYTES if self._loads else _VALUE_BYTES
        place = Signal(range(max(self._inputs, most)))
        known, moves, takes, matches = Signal(), Signal(), Signal(), Signal()
        image, typed, last, right, ends = Signal(), Signal(), Signal(), Signal(), Signal()
        fills = Signal() if self._loads else None  # a LOAD
        take = moves & takes
        checked = self._check(m, part, take, ends, matches)

        # What is offered leaves in one cycle, bytes and places move on in the next one, and after
        # another one all is known of them again.
        leaves, soon, proved = Signal(), Signal(), Signal()
        header, behind, committed = part[_Part.HEADER], Signal(), Signal()
        m.d.comb += [
            soon.eq(self.i.valid & Mux(end, ~self.bad, checked) & ~leaves & ~moves),
            proved.eq(part[_Part.END] & matches & ~aborted),
            behind.eq(part[_Part.CHECK] | part[_Part.END] | part[_Part.EXCESS]),
            committed.eq(image & ((header & place[0]) | part[_Part.BODY] | behind)),
        ]
        m.d.sync += [
            known.eq(soon),
            ends.eq(end),
            right.eq(proved),
            takes.eq(~end | ~committed | behind),
            last.eq(self._last(part, place, image, fills, typed)),
            self.codes.valid.eq(soon & image & part[_Part.BODY]),
            self.records.valid.eq(soon & image & ((end & behind) | (header & (~end | place[0])))),
            self.request.valid.eq(soon & end & proved & ~image),
        ]
        with m.If(part[_Part.TYPE]):
            self._tell(m, byte, image, fills, typed)
        m.d.comb += [
            self.busy.eq(committed),
            self.codes.payload.eq(byte),
            self.records.payload.eq(Cat(Mux(ends, ~right, byte[0]), byte[1:])),
            self.i.ready.eq(take),
        ]
        leaving = [self.codes, self.records, self.request]
        if fills is not None:
            leaving.append(self.loaded)
            with m.If(fills):
                m.d.sync += self.request.valid.eq(0)
            m.d.sync += self.loaded.valid.eq(soon & fills & part[_Part.BODY] & ~end)
            m.d.comb += self.loaded.payload.eq(byte)
        waits = Const(0)
        for port in leaving:
            waits |= port.valid & ~port.ready
        m.d.comb += leaves.eq(known & ~waits)
        m.d.sync += moves.eq(leaves)
        self._go(m, part, place, image, last, moves & ~(take & ends), take & ends)
        if fills is not None:  # places of as many bytes as there are
            with m.If(moves & ~ends & last & header & fills):
                m.d.sync += place.eq(byte ^ (LOAD_BYTES - 1))
        self._keep(m, byte, header & moves & ~ends, part[_Part.BODY] & moves, place)
        with m.If(self.counted):
            m.d.sync += self.bad.eq(0)
        with m.If(take & ends & ~right & (~part[_Part.TYPE] | aborted)):
            m.d.sync += self.bad.eq(1)

        return m

    def _check(self, m: Module, part: Signal, take: Signal, ends: Signal, matches: Signal) -> Value:
        """The CRC, which takes a byte in 8 cycles: whether it has, and whether it is right."""
        m.submodules.crc = crc = self._crc
        bits, bit, checks, anew = Signal(range(9)), Signal(), Signal(), Signal()
        checked = bits[3]
        m.d.comb += [
            bit.eq(self.i.payload.byte.bit_select(bits[:3], 1)),
            checks.eq(self.i.valid & ~self.i.payload.end & ~checked & ~anew),
            crc.bit.eq(Mux(part[_Part.END], self.answer, bit)),
            crc.plain.eq(part[_Part.CHECK] | part[_Part.END]),
            crc.shift.eq(checks | self.load | self.shift),
            crc.start.eq(anew),
        ]
        m.d.sync += anew.eq(take & ends)
        m.d.sync += bits.eq(Mux(take, 0, bits + checks))
        with m.If(part[_Part.TYPE]):
            m.d.sync += matches.eq(1)
        with m.If(checks & part[_Part.CHECK] & (bit == crc.low)):
            m.d.sync += matches.eq(0)
        return checked

    def _tell(self, m: Module, byte, image: Signal, fills: Signal | None, typed: Signal):
        """The type of a frame, a cycle before it is used."""
        m.d.sync += [
            image.eq((byte == HostFrame.IMAGE) & self.run),
            self.request.payload.write.eq(byte == HostFrame.WRITE),
            typed.eq(
                ((byte == HostFrame.IMAGE) & self.run)
                | (byte == HostFrame.READ)
                | (byte == HostFrame.WRITE)
            ),
        ]
        if fills is not None:
            m.d.sync += fills.eq((byte == HostFrame.LOAD) & self.loading)
            with m.If(byte == HostFrame.LOAD):  # bytes follow, as behind a WRITE
                m.d.sync += [self.request.payload.write.eq(1), typed.eq(self.loading)]

    def _last(
        self, part: Signal, place: Signal, image: Signal, fills: Signal | None, typed: Signal
    ) -> Value:
        """Whether another part follows behind the next byte."""
        length = Mux(image, place == self._inputs - 1, place[:2].all())
        if fills is not None:
            length = Mux(fills, place[: (LOAD_BYTES - 1).bit_length()].all(), length)
        return (
            (part[_Part.TYPE] & typed)
            | (part[_Part.HEADER] & Mux(image, place[0], place[1]))
            | (part[_Part.BODY] & length)
            | (part[_Part.CHECK] & place[:2].all())
            | part[_Part.END]
        )

    def _go(self, m: Module, part, place, image, last: Signal, on: Value, anew: Value):
        """The part and place behind a byte, or behind the end of a frame."""
        reads = part[_Part.HEADER] & ~image & ~self.request.payload.write
        with m.If(on):
            m.d.sync += place.eq(place + 1)
        with m.If(on & last):
            m.d.sync += part.eq(Mux(reads, 1 << _Part.CHECK, part << 1))
        with m.If(on & ~last & part[_Part.TYPE]):
            m.d.sync += part.eq(1 << _Part.EXCESS)
        with m.If(on & last):
            m.d.sync += place.eq(0)
        with m.If(anew):
            m.d.sync += [part.eq(1 << _Part.TYPE), place.eq(0)]

    def _keep(self, m: Module, byte, header: Value, body: Value, place: Signal):
        """What a READ or WRITE asks for."""
        asked = self.request.payload
        told = Cat(asked.seq, asked.address)
        with m.If(header):
            m.d.sync += told.eq(Cat(told[8:], byte))
        with m.Elif(self.shift):
            m.d.sync += told.eq(Cat(told[1:], self._crc.low))
        for index, low in enumerate(range(0, self._value_bits, 8)):
            with m.If(body & (place[:2] == index)):
                m.d.sync += asked.value[low : low + 8].eq(byte)
