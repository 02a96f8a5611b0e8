# amaranth: UnusedElaboratable=no

from types import SimpleNamespace

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from threefold.errors import PlanError
from threefold.fpga import FAMILIES
from threefold.fpga.ecp5 import ECP5
from threefold.hw.lut_rom import LutRom
from threefold.hw.rom import rom
from threefold.hw.verilog import to_rtlil
from threefold.hw.weight_memory import WeightMemory
from threefold.tools.synthesis import synthesise

from ..equivalence import prove

WIDTH = 6


class Memory(wiring.Component):
    """The same rows in a memory as Amaranth has them."""

    def __init__(self, contents):
        self._contents = contents
        depth = ceil_log2(len(contents))
        super().__init__({"addr": In(depth), "en": In(1, init=1), "data": Out(WIDTH)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.table = table = rom(WIDTH, self._contents, "lut")
        port = table.read_port()
        m.d.comb += [port.addr.eq(self.addr), port.en.eq(self.en), self.data.eq(port.data)]
        return m


def contents(rows):
    """Rows of random bits, of which one comes twice; and of a 1 and a 0 that never change."""
    values = np.random.default_rng(rows).integers(0, 2 ** (WIDTH - 3), rows).tolist()
    return [value << 3 | (value & 1) << 2 | 0b10 for value in values]


BEYOND = "-ignore_gold_x"  # rows that there are none of
PROOF = "sat -verify -seq 3 -prove-skip 1 -set-at 1 in_en 1 -prove trigger 0 miter\n"


@pytest.mark.parametrize("rows", [2, 3, 16, 17, 32, 36, 64, 72, 128, 129, 300])
def test_reads_what_a_memory_reads(tmp_path, rows):
    table = contents(rows)
    prove(tmp_path, Memory(table), LutRom(WIDTH, table), PROOF, options=BEYOND)


def test_another_row_is_noticed(tmp_path):
    table = contents(36)
    other = LutRom(WIDTH, [*table[:-1], table[-1] ^ 8])
    with pytest.raises(AssertionError, match="proof did fail"):
        prove(tmp_path, Memory(table), other, PROOF, options=BEYOND)


@pytest.mark.parametrize(
    ("rows", "luts"),
    [(2, 1), (16, 1), (17, 2), (32, 2), (33, 4), (48, 4), (49, 4), (72, 6), (128, 8), (144, 10)],
)
def test_luts_of_a_column(rows, luts):
    assert ECP5.lut_tree.luts(rows) == luts


@pytest.mark.parametrize("rows", [72, 144])
def test_synthesis_leaves_the_tree_as_it_is(tmp_path, rows):
    values = np.random.default_rng(0).integers(0, 2**24, rows).tolist()
    cells = synthesise(LutRom(24, values), ECP5, tmp_path)
    assert (cells.lut, cells.ff) == (24 * ECP5.lut_tree.luts(rows), 24)


@pytest.mark.parametrize(
    ("tiles", "shape", "is_one"),
    [(16, (4, 8), False), (17, (4, 8), True), (32, (4, 8), True), (64, (4, 8), False)],
)
def test_weights_in_luts(tiles, shape, is_one):
    weights = np.random.default_rng(0).integers(-1, 2, (tiles, *shape), dtype=np.int8)
    text = to_rtlil(WeightMemory(weights), "top", platform=SimpleNamespace(family=ECP5))
    assert ("LUT4" in text) == is_one
    for family in FAMILIES.values():
        suits = LutRom.suits(family, 2 * shape[0] * shape[1], tiles)
        assert suits == (is_one and family is ECP5)


def test_contents_are_an_attribute():
    assert LutRom(2, [1, 2, 3]).contents == [1, 2, 3]


def test_refuses_a_single_row():
    with pytest.raises(PlanError, match=r"^a ROM in LUTs must have at least 2 rows, not 1$"):
        LutRom(2, [1])


def test_refuses_a_family_without_such_cells():
    with pytest.raises(PlanError, match=r"^iCE40 has no cells for a ROM in LUTs$"):
        to_rtlil(LutRom(2, [1, 2]), "top", platform=SimpleNamespace(family="ice40"))
