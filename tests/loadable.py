"""A loadable accelerator of a few lines, and program images for it."""

import zlib

from amaranth.hdl import Array, Const, Module, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from threefold.hw.interfaces.crc32 import CRC32
from threefold.network import Codes, Tensor
from threefold.plan import Port, Ports
from threefold.plan.units.block import StreamType

__all__ = ["CODES", "HEAD", "ROWS", "KeyAccelerator", "image_of_key"]

CODES = 6
"""Codes of an image, and elements of its result."""

HEAD = b"KEY1\x11\x22\x7e\x7d"
"""Magic number and fingerprint."""

ROWS = 700
"""Bytes between header and CRC, of which the last one is the key."""


def image_of_key(key: int, *, rows: int = ROWS, head: bytes = HEAD) -> bytes:
    """A program image."""
    content = head + rows.to_bytes(4, "little")
    content += bytes((7 * place + key) % 256 for place in range(rows - 1)) + bytes([key])
    return content + zlib.crc32(content).to_bytes(4, "little")


class KeyAccelerator(wiring.Component):
    """Accelerator whose results are codes XOR a key, which is loaded."""

    i: In(stream.Signature(data.ArrayLayout(unsigned(8), 1)))
    o: Out(stream.Signature(data.ArrayLayout(unsigned(8), 1)))
    load: In(stream.Signature(8))
    loaded: Out(1)
    refused: Out(1)

    def __init__(self, rows: int = ROWS):
        super().__init__()
        self._rows = rows
        tensor, type = Tensor((1, 1, CODES), Codes.unsigned(8)), StreamType(1, 8, False)
        self.ports = Ports(
            Port("i", tensor, type), Port("o", tensor, type), gives_class=False, classes=CODES
        )

    def elaborate(self, platform):
        m = Module()

        key, loaded = Signal(8, reset_less=True), Signal(reset_less=True)
        m.d.comb += [
            self.o.payload[0].eq(self.i.payload[0] ^ key),
            self.o.valid.eq(self.i.valid & loaded),
            self.i.ready.eq(self.o.ready & loaded),
            self.loaded.eq(loaded),
        ]

        m.submodules.crc = crc = CRC32()
        head = Array(Const(byte, 8) for byte in (*HEAD, *self._rows.to_bytes(4, "little")))
        size = len(head) + self._rows + 4
        place, bits, right = Signal(range(size)), Signal(range(9)), Signal(init=1)
        bit, check = self.load.payload.bit_select(bits[:3], 1), place >= size - 4
        m.d.comb += [
            crc.bit.eq(bit),
            crc.plain.eq(check),
            crc.shift.eq(self.load.valid & ~bits[3]),
            self.load.ready.eq(bits[3]),
        ]
        with m.If(crc.shift):
            m.d.sync += bits.eq(bits + 1)
        with m.If(crc.shift & check & (bit == crc.low)):
            m.d.sync += right.eq(0)
        with m.If(self.load.valid & bits[3]):
            m.d.sync += [loaded.eq(0), bits.eq(0), place.eq(place + 1)]
            with m.If((place < len(head)) & (self.load.payload != head[place])):
                m.d.sync += right.eq(0)
            with m.If(place == size - 5):
                m.d.sync += key.eq(self.load.payload)
            with m.If((place == size - 1) | ((place == 7) & ~right)):
                m.d.comb += [crc.start.eq(1), self.refused.eq(~right)]
                m.d.sync += [place.eq(0), right.eq(1), loaded.eq(right)]

        return m
