import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from threefold import fpga
from threefold.errors import BuildError
from threefold.fpga.ecp5 import ECP5
from threefold.fpga.ice40 import ICE40
from threefold.tools.synthesis import Cells, multipliers, synthesise


class Sum(wiring.Component):
    a: In(8)
    b: In(8)
    o: Out(8)

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.o.eq(self.a + self.b)
        return m


class Product(wiring.Component):
    a: In(12)
    b: In(12)
    o: Out(24)
    rest: Out(12)

    def elaborate(self, platform):
        m = Module()
        m.d.sync += [self.o.eq(self.a * self.b), self.rest.eq(self.a % self.b)]
        return m


class Table(wiring.Component):
    address: In(9)
    o: Out(16)

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(
            shape=16, depth=512, init=[n * n % 65521 for n in range(512)]
        )
        port = memory.read_port()
        m.d.comb += [port.addr.eq(self.address), self.o.eq(port.data)]
        return m


@pytest.mark.parametrize(("family", "lut"), [("ice40", 8), ("ecp5", 10), ("gowin", 8)])
def test_adder(tmp_path, family, lut):
    cells = synthesise(Sum(), fpga.get(family), tmp_path)
    assert (cells.lut, cells.ff, cells.bram, cells.dsp) == (lut, 8, 0, 0)
    assert (tmp_path / "yosys.log").is_file()


@pytest.mark.parametrize(("family", "bram"), [("ice40", 2), ("ecp5", 1), ("gowin", 1)])
def test_memory(tmp_path, family, bram):
    assert synthesise(Table(), fpga.get(family), tmp_path).bram == bram


def test_multiplier_is_found(tmp_path):
    assert synthesise(Product(), ECP5, tmp_path).dsp == 1
    assert multipliers(Product()) == ["$modfloor in top", "$mul in top"]
    assert multipliers(Sum()) == []


def test_every_block_that_multiplies_counts():
    cells = Cells(ECP5, {"ALU54B": 1, "LUT4": 5, "MULT18X18D": 2})
    assert cells.dsp == 3


def test_unreadable_counts(tmp_path):
    path = tmp_path / "top.stat.json"
    path.write_text("{")
    message = rf"^cannot read the cell counts in {path}; see the Yosys log$"
    with pytest.raises(BuildError, match=message):
        Cells.read(ICE40, path)
