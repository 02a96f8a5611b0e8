import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from threefold.hw.accelerator import Accelerator
from threefold.hw.verilog import to_rtlil
from threefold.network import ArgMax, Codes, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import Folding, fold
from threefold.tools.toolchain import run

from ..accelerators import CODES, random_plan
from ..nightly import mostly_nightly

ARITHMETIC = {"$mul", "$macc", "$macc_v2", "$div", "$divfloor", "$mod", "$modfloor", "$pow"}
BLOCKS = {"SB_MAC16", "MULT18X18D", "ALU54B", *ARITHMETIC}


def small_accelerator():
    rng = np.random.default_rng(0)
    network = Network.chain(
        "small",
        Tensor((1, 1, 8), Codes.signed(8)),
        [
            ("fc1", Dense(rng.integers(-1, 2, (4, 8)))),
            ("act1", Threshold(np.sort(rng.integers(-99, 99, (4, 1)), axis=1), 2, -1)),
            ("fc2", Dense(rng.integers(-7, 8, (3, 4)), bits=4)),
            ("logits", Logits([1, 0, -1])),
            ("argmax", ArgMax()),
        ],
    )
    return Accelerator(fold(network, {"fc1": Folding(2, 4), "fc2": Folding(1, 2)}))


@pytest.mark.parametrize("family", ["ice40", "ecp5"])
@pytest.mark.parametrize("seed", mostly_nightly(range(12), always=range(4)))
def test_no_accelerator_multiplies_or_divides(seed, family):
    rng = np.random.default_rng(seed)
    plan = random_plan(rng, CODES[list(CODES)[seed]], layers=3)
    text = to_rtlil(Accelerator(plan), "top", platform=SimpleNamespace(family=family))
    cells = set(re.findall(r"^ +cell (\$\w+) ", text, re.M))
    assert "$add" in cells
    assert not cells & ARITHMETIC


class Multiplier(wiring.Component):
    a: In(8)
    b: In(8)
    o: Out(16)

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.o.eq(self.a * self.b)
        return m


def blocks_after(family, options, component, folder):
    """Cells of the synthesised component that multiply, and the number of all."""
    platform = SimpleNamespace(family=family)
    (folder / "top.il").write_text(to_rtlil(component, "top", platform=platform))
    (folder / "top.ys").write_text(
        f"read_rtlil top.il\nsynth_{family} {options} -top top\ntee -q -o top.json stat -json\n"
    )
    run("yosys", ["-q", "top.ys"], cwd=folder, log=folder / "yosys.log")
    design = json.loads((folder / "top.json").read_text())["design"]
    return BLOCKS & design["num_cells_by_type"].keys(), design["num_cells"]


@pytest.mark.parametrize(
    ("family", "options", "block"), [("ice40", "-dsp", "SB_MAC16"), ("ecp5", "", "MULT18X18D")]
)
def test_synthesis_finds_nothing_to_multiply(tmp_path, family, options, block):
    assert blocks_after(family, options, Multiplier(), tmp_path)[0] == {block}
    blocks, cells = blocks_after(family, options, small_accelerator(), tmp_path)
    assert not blocks
    assert cells > 100
