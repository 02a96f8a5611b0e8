# amaranth: UnusedElaboratable=no

import pytest
from amaranth.hdl import Assert, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, connect, flipped

from threefold.hw.interfaces.axi_lite import AXILite, AXIResponse
from threefold.hw.interfaces.registers import RegisterFile
from threefold.registers import Register, RegisterMap
from threefold.sim.verification import Prover, contract_violations

CHANNELS = ("aw", "w", "b", "ar", "r")
REGISTERS = RegisterMap(
    [Register("A", 0x00, "ro", "constant"), Register("B", 0x10, "ro", "value of a member")]
)


class Front(wiring.Component):
    """A front with a register file, which holds what was read."""

    def __init__(self):
        self.front = AXILite(3)
        self.file = RegisterFile(REGISTERS, {"A": 5})
        members = self.front.signature.members
        super().__init__({name: members[name] for name in CHANNELS} | {"value": In(32)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.front, m.submodules.file = self.front, self.file
        for name in CHANNELS:
            connect(m, flipped(getattr(self, name)), getattr(self.front, name))
        connect(m, self.front.port, self.file.port)
        m.d.comb += self.file.b.eq(self.value)
        return m


def test_stream_contract(tmp_path):
    assert contract_violations(Front, tmp_path, cycles=12, beats=3) == []


class Transfers(wiring.Component):
    """A front whose transfers are watched: each acts once, and is answered once."""

    FAULTS = (None, "write strobe", "strobes", "second answer", "address")

    def __init__(self, fault=None):
        self._fault = fault
        self._inner = Front()
        super().__init__(self._inner.signature)

    def elaborate(self, platform):
        m = Module()
        m.submodules.inner = inner = self._inner
        connect(m, flipped(self), inner)
        front, fault = inner.front, self._fault
        port = front.port

        def moves(channel):
            return channel.valid & channel.ready

        writing, reading = Signal(), Signal()
        m.d.sync += [
            writing.eq(moves(front.aw) | (writing & ~moves(front.b))),
            reading.eq(moves(front.ar) | (reading & ~moves(front.r))),
        ]
        partial = Signal()
        with m.If(moves(front.w)):
            m.d.sync += partial.eq(front.w.payload.strb != 15)
        if fault == "second answer":
            m.d.comb += Assert(~(front.r.valid & front.b.valid))
        for claim in (
            moves(front.aw) == moves(front.w),
            ~(moves(front.aw) & writing),
            ~(moves(front.ar) & reading),
            front.b.valid == writing,
            front.r.valid == reading,
            port.read == moves(front.ar),
            port.write
            == (
                moves(front.aw)
                if fault == "write strobe"
                else moves(front.w) & front.w.payload.strb.all()
            ),
            ~port.read | (port.address == front.ar.payload[2 if fault != "address" else 0 :]),
            ~port.write | (port.address == front.aw.payload[2:]),
            ~port.write | (port.w_data == front.w.payload.data),
            ~front.b.valid
            | ((front.b.payload.as_value() == AXIResponse.SLVERR.value) == partial)
            ^ (fault == "strobes"),
            front.r.payload.data == port.r_data,
        ):
            m.d.comb += Assert(claim)
        return m


@pytest.mark.parametrize("fault", Transfers.FAULTS)
def test_a_transfer_acts_once_and_is_answered_once(tmp_path, fault):
    if fault is None:
        assert Prover(tmp_path).holds(Transfers(), depth=3)
    else:
        assert Prover(tmp_path).violated(Transfers(fault), cycles=8)
