# amaranth: UnusedElaboratable=no
"""Load port: nothing is written while there are contents to work by."""

import pytest
from amaranth.hdl import Assert, Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from threefold.hw.sequential.load_port import LoadPort
from threefold.sim.verification import Prover


class WatchedLoadPort(LoadPort):
    """A load port that is at the start of an image whenever contents are there.

    And in its head while it waits for idle hardware, which induction needs to be told.
    """

    def elaborate(self, platform):
        m = super().elaborate(platform)
        at_start = (self._part.as_value() == 0) & (self._place == 0)
        m.d.comb += [
            Assert(~self.waiting | (self._part.as_value() == 0)),
            Assert(~self.loaded | at_start),
            Assert(~(self.loaded & self.write)),
        ]
        return m


class Leaving(wiring.Component):
    """A load port whose rows leave as a stream that is never ready, as proofs are of streams."""

    def __init__(self, port):
        self._port = port
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "idle": In(1),
                "fingerprint": In(32),
                "o": Out(stream.Signature(1)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.port = port = self._port
        connect(m, flipped(self.i), port.i)
        m.d.comb += [port.idle.eq(self.idle), port.fingerprint.eq(self.fingerprint)]
        return m


class EarlyLoadPort(LoadPort):
    """A load port that says so before the CRC has come."""

    def elaborate(self, platform):
        m = super().elaborate(platform)
        at_start = (self._part.as_value() == 0) & (self._place == 0)
        m.d.comb += Assert(~(self._part.as_value() == 2) | at_start)
        return m


@pytest.mark.parametrize("row_bits", [8, 16])
def test_nothing_is_written_under_what_is_loaded(tmp_path, row_bits):
    prover = Prover(tmp_path)
    assert prover.holds(Leaving(WatchedLoadPort(row_bits, 6)), depth=2)
    assert not prover.holds(Leaving(EarlyLoadPort(row_bits, 6)), depth=2)


def test_no_gates_lead_from_valid_to_ready(tmp_path):
    assert not Prover(tmp_path).gates_lead(LoadPort(8, 6), ["i__valid"], ["i__ready"])
