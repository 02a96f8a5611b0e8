import json
import subprocess
import sys

import pytest
from amaranth.hdl import Cat, Module, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold import fpga
from threefold.fpga.ecp5_chains import FILES
from threefold.hw.verilog import to_rtlil
from threefold.tools.packing import pack
from threefold.tools.synthesis import synthesise

from ..equivalence import LOAD, MITER, RUN

ECP5 = fpga.get("ecp5")

MAPPED = """
read_json open.json
hierarchy -top top
setundef -anyseq
techmap -autoproc -map +/ecp5/cells_sim.v t:CCU2C t:LUT4 t:PFUMX t:L6MUX21 %u %u %u
rename top gate
proc; flatten; opt_clean
design -stash gate
"""


class Arithmetic(wiring.Component):
    """Sums, differences and comparisons of two operands of some widths."""

    def __init__(self, width, other, *, is_signed=False):
        shape = signed if is_signed else unsigned
        widest = max(width, other)
        super().__init__(
            {
                "a": In(shape(width)),
                "b": In(shape(other)),
                "carry": In(1),
                "o": Out(4 * (widest + 2) + 2),
            }
        )
        self._bits = widest + 2

    def elaborate(self, platform):
        m = Module()
        sums = (self.a + self.b, self.a - self.b, self.a + self.b + self.carry, self.b + 37)
        bits = [each.as_unsigned()[: self._bits] for each in sums]
        m.d.comb += self.o.eq(Cat(*bits, self.a >= self.b, self.a < self.b))
        return m


class Sum(wiring.Component):
    def __init__(self, width):
        super().__init__({"a": In(width), "b": In(width), "o": Out(width)})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.o.eq(self.a + self.b)
        return m


def proof(folder):
    netlist = json.loads((folder / "top.json").read_text())
    for cell in netlist["modules"]["top"]["cells"].values():
        if cell["type"] == "CCU2C" and cell["connections"]["COUT"] == ["x"]:
            del cell["connections"]["COUT"]  # Yosys drives no constant
    (folder / "open.json").write_text(json.dumps(netlist))
    script = LOAD.format(name="gold") + MAPPED + MITER.format(options="")
    (folder / "prove.ys").write_text(script + "sat -verify -prove trigger 0 miter\n")
    command = [sys.executable, "-c", RUN, "-q", "prove.ys"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("widths", "is_signed"), [((5, 5), False), ((6, 6), False), ((8, 5), True), ((7, 9), True)]
)
def test_cells_compute_what_is_written(tmp_path, widths, is_signed):
    component = Arithmetic(*widths, is_signed=is_signed)
    (tmp_path / "gold.il").write_text(to_rtlil(component, "gold"))
    cells = synthesise(Arithmetic(*widths, is_signed=is_signed), ECP5, tmp_path)
    assert cells.count("CCU2C") > 12
    proven, told = proof(tmp_path)
    assert proven, told


def test_a_place_that_goes_wrong_is_found(tmp_path):
    (tmp_path / "gold.il").write_text(to_rtlil(Sum(8), "gold"))
    synthesise(Sum(8), ECP5, tmp_path)
    assert proof(tmp_path)[0]
    netlist = (tmp_path / "top.json").read_text()
    begins = '"INIT0": "0000000000001010"'
    assert begins in netlist
    # The place in front hands on a carry-in that nothing drives.
    (tmp_path / "top.json").write_text(netlist.replace(begins, '"INIT0": "1111111111111111"'))
    assert not proof(tmp_path)[0]


@pytest.mark.parametrize(("width", "places"), [(6, 8), (7, 8), (8, 10), (15, 16)])
def test_nothing_but_its_own_places_is_in_a_chain(tmp_path, width, places):
    assert synthesise(Sum(width), ECP5, tmp_path).by_type == {"CCU2C": places // 2}
    constants = 2  # at most, one LUT each for 0 and 1
    assert places <= pack(ECP5, tmp_path)["lut"] <= places + constants
    module = json.loads((tmp_path / "top.json").read_text())["modules"]["top"]
    chain = [cell["connections"] for cell in module["cells"].values() if cell["type"] == "CCU2C"]
    assert [each["CIN"] for each in chain].count(["x"]) == 1
    assert [each["COUT"] for each in chain].count(["x"]) == 1


def test_every_file_is_read():
    assert all(name in ECP5.flow.script("top") for name in FILES)
