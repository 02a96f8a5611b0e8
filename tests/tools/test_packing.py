import json

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold import fpga
from threefold.errors import BuildError
from threefold.tools import packing
from threefold.tools.packing import pack
from threefold.tools.synthesis import synthesise


class Delay(wiring.Component):
    """Eight registers without logic, then the sum of what they hold and what comes."""

    i: In(8)
    o: Out(8)

    def elaborate(self, platform):
        m = Module()
        before = Signal(8)
        m.d.sync += [before.eq(self.i), self.o.eq(self.i + before)]
        return m


def test_registers_without_a_lut_take_cells_on_ice40(tmp_path):
    cells = synthesise(Delay(), fpga.get("ice40"), tmp_path)
    found = pack(fpga.get("ice40"), tmp_path)
    assert (cells.lut, cells.ff) == (8, 16)
    assert found["lut"] == pytest.approx(16, abs=2)
    assert found["bram"] == 0


def test_the_beginning_of_a_chain_takes_a_place_on_ecp5(tmp_path):
    cells = synthesise(Delay(), fpga.get("ecp5"), tmp_path)
    found = pack(fpga.get("ecp5"), tmp_path)
    assert (cells.lut, found["ff"]) == (8 + 2, 16)  # places are even
    assert found["lut"] == pytest.approx(8 + 2, abs=2)


def test_report_that_is_none(tmp_path, monkeypatch):
    def run(tool, options, *, cwd, log):
        (cwd / "top.packed.json").write_text(json.dumps({"utilization": {}}))

    monkeypatch.setattr(packing, "run", run)
    message = rf"^cannot read the report of nextpnr in {tmp_path}/top.packed.json; see its log$"
    with pytest.raises(BuildError, match=message):
        pack(fpga.get("ice40"), tmp_path)
