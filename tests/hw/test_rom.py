import re

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold import fpga
from threefold.errors import PlanError
from threefold.hw.family import family_of
from threefold.hw.rom import rom
from threefold.tools.synthesis import synthesise


class Table(wiring.Component):
    def __init__(self, depth, kind):
        self._depth = depth
        self._kind = kind
        super().__init__({"row": In(range(depth)), "word": Out(8)})

    def elaborate(self, platform):
        m = Module()
        contents = np.random.default_rng(0).integers(0, 256, self._depth).tolist()
        m.submodules.table = table = rom(8, contents, self._kind, family=family_of(platform))
        port = table.read_port()
        m.d.comb += [port.addr.eq(self.row), self.word.eq(port.data)]
        return m


@pytest.mark.parametrize(
    ("family", "depth", "kind", "blocks"),
    [
        ("ice40", 16, "auto", 0),
        ("ecp5", 16, "auto", 0),
        ("ice40", 256, "auto", 1),
        ("ecp5", 128, "auto", 0),
        ("ecp5", 256, "auto", 1),
        ("ice40", 16, "block", 1),
        ("ecp5", 16, "block", 1),
        ("ice40", 256, "lut", 0),
        ("ecp5", 256, "lut", 0),
    ],
)
def test_kind_decides_the_cells(tmp_path, family, depth, kind, blocks):
    cells = synthesise(Table(depth, kind), fpga.get(family), tmp_path)
    assert cells.bram == blocks
    assert (cells.lut >= depth // 2) == (not blocks)
    assert cells.count("TRELLIS_DPR16X4") == 0


def test_refuses_an_unknown_kind():
    message = "a read-only memory is auto, lut or block, not 'spram'"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        rom(8, [1, 2], "spram")
