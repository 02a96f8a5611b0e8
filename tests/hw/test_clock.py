# amaranth: UnusedElaboratable=no

import pytest
from amaranth.hdl import ClockDomain, Module, Signal

from threefold.boards import get
from threefold.errors import PlanError
from threefold.fpga import MemoryClocks
from threefold.hw.clock import ClockGenerator


def design(board, clock_mhz):
    """RTLIL of a counter on the board's clock."""
    m = Module()
    m.domains.sync = ClockDomain(reset_less=True)
    m.submodules.clock = ClockGenerator(board, clock_mhz)
    count = Signal(4, attrs={"keep": 1})
    m.d.sync += count.eq(count + 1)
    plan = board.make_platform().build(m, do_build=False, emit_src=False, debug_verilog=False)
    return plan.files["top.il"]


@pytest.mark.parametrize(
    ("name", "clock_mhz", "cell"),
    [
        ("icebreaker", 30, "SB_PLL40_PAD"),
        ("icebreaker", 12, None),
        ("ulx3s_85f", 75, "EHXPLLL"),
        ("ulx3s_85f", 25, None),
        ("hx8k_b_evn", 48, "SB_PLL40_CORE"),
        ("tang_nano_9k", 54, "rPLL"),
    ],
)
def test_pll_only_where_needed(name, clock_mhz, cell):
    text = design(get(name), clock_mhz)
    for pll in ("SB_PLL40_PAD", "SB_PLL40_CORE", "EHXPLLL", "rPLL"):
        assert (pll in text) == (cell == pll)


def test_achieved_frequency():
    assert ClockGenerator(get("icebreaker"), 25).achieved_mhz == 24.75


def test_impossible():
    with pytest.raises(PlanError, match=r"^the PLL of iCE40 cannot make 13 MHz from 12 MHz; .*$"):
        ClockGenerator(get("icebreaker"), 13)


@pytest.mark.parametrize("ratio", [1, 2])
def test_clocks_of_a_memory_are_from_the_same_pll(ratio):
    board, m = get("ulx3s_85f"), Module()
    m.domains.sync = ClockDomain(reset_less=True)
    m.domains.memory = ClockDomain(reset_less=True)
    m.domains.chip = ClockDomain(reset_less=True)
    m.submodules.clock = clock = ClockGenerator(board, 25, MemoryClocks(ratio, 3.5))
    for domain in ("sync", "memory", "chip"):
        count = Signal(4, name=f"count_{domain}", attrs={"keep": 1})
        m.d[domain] += count.eq(count + 1)
    plan = board.make_platform().build(m, do_build=False, emit_src=False, debug_verilog=False)
    text = plan.files["top.il"]
    assert clock.achieved_mhz == 25
    assert text.count("EHXPLLL") == 1
    assert ("connect \\CLKOS \\memory_clk" in text) == (ratio == 2)
    assert "connect \\CLKOS2 \\chip_clk" in text
