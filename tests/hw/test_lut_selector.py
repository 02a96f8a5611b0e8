# amaranth: UnusedElaboratable=no

import pytest
from amaranth.hdl import Module

from threefold import fpga
from threefold.errors import PlanError
from threefold.hw.lut_selector import LutSelector
from threefold.hw.verilog import to_rtlil
from threefold.tools.synthesis import synthesise

from ..equivalence import ECP5, prove


class Selector(LutSelector):
    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.o.eq(self.i[self.select])
        return m


@pytest.mark.parametrize("inputs", [2, 4, 8, 16])
def test_selects(tmp_path, inputs):
    gold, gate = Selector(3, inputs), LutSelector(3, inputs)
    text = prove(tmp_path, gold, gate, "sat -verify -prove trigger 0 miter\n")
    assert text.count("cell \\LUT4") == 3 * inputs // 2


def test_takes_half_a_lut_for_each_bit(tmp_path):
    family = fpga.get("ecp5")
    assert synthesise(LutSelector(11, 8), family, tmp_path).lut == 4 * 11
    assert family.lut_tree.selector_luts(8) == 4


def test_parameters_are_attributes():
    selector = LutSelector(3, 8)
    assert (selector.width, selector.inputs) == (3, 8)


@pytest.mark.parametrize("inputs", [0, 1, 6])
def test_refuses(inputs):
    with pytest.raises(
        PlanError, match=rf"^a selector takes a power of two of values, not {inputs}$"
    ):
        LutSelector(1, inputs)


@pytest.mark.parametrize(
    ("inputs", "platform", "message"),
    [
        (32, ECP5, r"^ECP5 has no cells that select one of 32 values$"),
        (4, None, r"^generic has no cells that select one of 4 values$"),
    ],
)
def test_families_without_such_cells(inputs, platform, message):
    with pytest.raises(PlanError, match=message):
        to_rtlil(LutSelector(1, inputs), "top", platform=platform)
