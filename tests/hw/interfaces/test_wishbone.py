# amaranth: UnusedElaboratable=no

import pytest
from amaranth.hdl import Assert, Assume, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped

from threefold.hw.interfaces.wishbone import Wishbone
from threefold.sim.verification import Prover


class Requests(wiring.Component):
    """A front and a master that holds its request: each acts once, and is acknowledged once."""

    FAULTS = (None, "acknowledge", "select", "twice")

    def __init__(self, fault=None):
        self._fault = fault
        self._front = Wishbone(3)
        super().__init__(self._front.signature)

    def elaborate(self, platform):
        m = Module()
        m.submodules.front = front = self._front
        connect(m, flipped(self.bus), front.bus)
        connect(m, flipped(self.port), front.port)
        bus, port, fault = front.bus, front.port, self._fault

        waits, held = Signal(), Signal(1 + 3 + 4 + 32)
        request = bus.we | bus.adr << 1 | bus.sel << 4 | bus.dat_w << 8
        asked = bus.cyc & bus.stb
        m.d.sync += [waits.eq(asked & ~bus.ack), held.eq(request)]
        m.d.comb += Assume(~waits | (asked & (request[:40] == held)))

        acted = Signal()
        m.d.sync += acted.eq(port.read | port.write)
        whole = bus.sel.all() if fault != "select" else 1
        for claim in (
            bus.ack == (waits if fault != "acknowledge" else asked),
            port.read == (asked & ~waits & ~bus.we),
            port.write == (asked & ~waits & bus.we & whole),
            ~(acted & (port.read | port.write)) if fault != "twice" else ~acted,
            port.address == bus.adr,
            port.w_data == bus.dat_w,
            bus.dat_r == port.r_data,
        ):
            m.d.comb += Assert(claim)
        return m


@pytest.mark.parametrize("fault", Requests.FAULTS)
def test_a_request_acts_once_and_is_acknowledged_once(tmp_path, fault):
    if fault is None:
        assert Prover(tmp_path).holds(Requests(), depth=3)
    else:
        assert Prover(tmp_path).violated(Requests(fault), cycles=8)
