"""Wishbone front of a register port."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .registers import RegisterPort

__all__ = ["Wishbone", "WishboneSignature"]


class WishboneSignature(wiring.Signature):
    """Wishbone B4 of 32 bits in classic cycles, as seen by the master.

    Parameters
    ----------
    address_bits : int
        Width of a word address.

    Members
    -------
    cyc, stb, we : Out(1)
        A request, held until it is acknowledged, and whether it writes.
    adr : Out(address_bits)
        Number of the word.
    sel : Out(4)
        Bytes that are meant.
    dat_w : Out(32)
        What is written.
    dat_r : In(32)
        What was read, while ``ack`` is high.
    ack : In(1)
        High for a cycle when a request is done.
    """

    def __init__(self, address_bits: int):
        self._address_bits = address_bits
        super().__init__(
            {
                "cyc": Out(1),
                "stb": Out(1),
                "we": Out(1),
                "adr": Out(address_bits),
                "sel": Out(4),
                "dat_w": Out(32),
                "dat_r": In(32),
                "ack": In(1),
            }
        )

    @property
    def address_bits(self) -> int:
        """Width of a word address."""
        return self._address_bits

    def __eq__(self, other):
        return type(other) is WishboneSignature and other.address_bits == self._address_bits

    def __repr__(self):
        return f"WishboneSignature({self._address_bits})"


class Wishbone(wiring.Component):
    """Wishbone slave whose requests read and write registers.

    A request is acknowledged in the cycle after it was made. Registers are written as whole words:
    a write that does not select all bytes is acknowledged, and changes nothing.

    Parameters
    ----------
    address_bits : int
        Width of a word address.

    Members
    -------
    bus : In(WishboneSignature(address_bits))
    port : Out(RegisterPort(address_bits))
    """

    def __init__(self, address_bits: int):
        self._address_bits = address_bits
        super().__init__(
            {"bus": In(WishboneSignature(address_bits)), "port": Out(RegisterPort(address_bits))}
        )

    @property
    def address_bits(self) -> int:
        """Width of a word address."""
        return self._address_bits

    def elaborate(self, platform):
        m = Module()

        bus, port = self.bus, self.port
        request = bus.cyc & bus.stb & ~bus.ack
        m.d.sync += bus.ack.eq(request)
        m.d.comb += [
            port.address.eq(bus.adr),
            port.read.eq(request & ~bus.we),
            port.write.eq(request & bus.we & bus.sel.all()),
            port.w_data.eq(bus.dat_w),
            bus.dat_r.eq(port.r_data),
        ]

        return m
