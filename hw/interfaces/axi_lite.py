"""AXI4-Lite front of a register port."""

from amaranth.hdl import Module, Mux
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from .registers import RegisterPort

__all__ = ["AXILite", "AXIResponse"]


class AXIResponse(enum.Enum, shape=2):
    """Response of an AXI transfer."""

    OKAY = 0
    SLVERR = 2


class AXILite(wiring.Component):
    """AXI4-Lite subordinate whose transfers read and write registers.

    Registers are written as whole words: a write without all of its strobes changes nothing, and
    is answered by SLVERR. A read and a write may be under way at the same time; of two that begin
    together the write comes first, and the read in the next cycle. Each takes two cycles.

    Parameters
    ----------
    address_bits : int
        Width of a word address; AXI has byte addresses, of two bits more.

    Members
    -------
    aw : In(stream.Signature(address_bits + 2))
        Address of a write.
    w : In(stream.Signature(data.StructLayout({"data": 32, "strb": 4})))
        Data of a write.
    b : Out(stream.Signature(AXIResponse))
        Response to a write.
    ar : In(stream.Signature(address_bits + 2))
        Address of a read.
    r : Out(stream.Signature(data.StructLayout({"data": 32, "resp": AXIResponse})))
        Data of a read.
    port : Out(RegisterPort(address_bits))
    """

    def __init__(self, address_bits: int):
        self._address_bits = address_bits
        address = stream.Signature(address_bits + 2)
        written = data.StructLayout({"data": 32, "strb": 4})
        read = data.StructLayout({"data": 32, "resp": AXIResponse})
        super().__init__(
            {
                "aw": In(address),
                "w": In(stream.Signature(written)),
                "b": Out(stream.Signature(AXIResponse)),
                "ar": In(address),
                "r": Out(stream.Signature(read)),
                "port": Out(RegisterPort(address_bits)),
            }
        )

    @property
    def address_bits(self) -> int:
        """Width of a word address."""
        return self._address_bits

    def elaborate(self, platform):
        m = Module()

        port, whole = self.port, self.w.payload.strb.all()
        writes = self.aw.valid & self.w.valid & ~self.b.valid
        reads = self.ar.valid & ~self.r.valid & ~writes
        m.d.comb += [
            self.aw.ready.eq(writes),
            self.w.ready.eq(writes),
            self.ar.ready.eq(reads),
            port.address.eq(Mux(writes, self.aw.payload[2:], self.ar.payload[2:])),
            port.write.eq(writes & whole),
            port.w_data.eq(self.w.payload.data),
            port.read.eq(reads),
            self.r.payload.data.eq(port.r_data),
            self.r.payload.resp.eq(AXIResponse.OKAY),
        ]
        with m.If(writes):
            m.d.sync += [
                self.b.valid.eq(1),
                self.b.payload.eq(Mux(whole, AXIResponse.OKAY, AXIResponse.SLVERR)),
            ]
        with m.Elif(self.b.ready):
            m.d.sync += self.b.valid.eq(0)
        with m.If(reads):
            m.d.sync += self.r.valid.eq(1)
        with m.Elif(self.r.ready):
            m.d.sync += self.r.valid.eq(0)

        return m
