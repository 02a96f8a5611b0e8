import re

import pytest

from threefold.errors import PlanError
from threefold.fpga.ecp5 import ECP5PLL
from threefold.fpga.gatemate import GateMatePLL
from threefold.fpga.gowin import GowinPLL
from threefold.fpga.ice40 import ICE40PLL
from threefold.fpga.pll import MemoryClocks
from threefold.tools.toolchain import run


def said_by(tool, args, folder):
    run(tool, args, cwd=folder, log=folder / "pll.log")
    return (folder / "pll.log").read_text()


@pytest.mark.parametrize("mhz", [17, 24, 27.5, 30, 33, 48, 60, 96])
def test_ice40_agrees_with_icepll(tmp_path, mhz):
    text = said_by("icepll", ["-i", "12", "-o", str(mhz)], tmp_path)
    theirs = {
        name: int(re.search(rf"{name}:\s*(\d+)", text)[1])
        for name in ("DIVR", "DIVF", "DIVQ", "FILTER_RANGE")
    }
    ours = ICE40PLL.for_frequency(12, mhz)
    assert theirs == {
        "DIVR": ours.divr,
        "DIVF": ours.divf,
        "DIVQ": ours.divq,
        "FILTER_RANGE": ours.filter_range,
    }
    assert f"{ours.output_mhz:.3f} MHz (achieved)" in text


@pytest.mark.parametrize("mhz", [10, 25, 40, 50, 62.5, 65, 80, 90, 100, 200])
def test_ecp5_agrees_with_ecppll(tmp_path, mhz):
    text = said_by("ecppll", ["-i", "25", "-o", str(mhz)], tmp_path)
    ours = ECP5PLL.for_frequency(25, mhz)
    assert f"Refclk divisor: {ours.clki_div}\n" in text
    assert f"Feedback divisor: {ours.clkfb_div}\n" in text
    assert f"clkout0 divisor: {ours.clkop_div}\n" in text
    assert ours.output_mhz == mhz


@pytest.mark.parametrize("mhz", [27, 40.5, 54, 72, 90, 108])
def test_gowin_agrees_with_gowin_pll(tmp_path, mhz):
    device = "GW1NR-LV9QN88PC6/I5"
    text = said_by("gowin_pll", ["-i", "27", "-o", str(mhz), "-d", device], tmp_path)
    ours = GowinPLL.for_frequency(27, mhz)
    assert f".IDIV_SEL({ours.idiv - 1})," in text
    assert f".FBDIV_SEL({ours.fbdiv - 1})," in text
    assert ours.output_mhz == mhz


@pytest.mark.parametrize(
    ("pll", "base", "low", "high"),
    [
        (ICE40PLL, 12, 17, 274),
        (ECP5PLL, 25, 10, 400),
        (GowinPLL, 27, 30, 600),
        (GateMatePLL, 10, 1, 250),
    ],
)
def test_never_faster_than_asked_and_never_far_below(pll, base, low, high):
    for wanted in range(low, high, 29):
        settings = pll.for_frequency(base, wanted)
        assert settings.legal
        assert 0.85 * wanted < settings.output_mhz <= wanted


@pytest.mark.parametrize(
    ("pll", "base", "wanted", "message"),
    [
        (
            ICE40PLL,
            12,
            15,
            r"^the PLL of iCE40 cannot make 15 MHz from 12 MHz; choose 16\.125 to 270 MHz$",
        ),
        (
            ICE40PLL,
            12,
            300,
            r"^the PLL of iCE40 cannot make 300 MHz from 12 MHz; choose 16\.125 to 270 MHz$",
        ),
        (
            ECP5PLL,
            25,
            401,
            r"^the PLL of ECP5 cannot make 401 MHz from 25 MHz; choose 10 to 400 MHz$",
        ),
    ],
)
def test_impossible(pll, base, wanted, message):
    with pytest.raises(PlanError, match=message):
        pll.for_frequency(base, wanted)


@pytest.mark.parametrize("ratio", [1, 2])
@pytest.mark.parametrize("mhz", [10, 25, 48.3, 60, 70.9, 71.4, 100, 130])
def test_clocks_of_a_memory(mhz, ratio):
    pll = ECP5PLL.for_frequency(25, mhz, MemoryClocks(ratio, 3.5))
    assert pll.legal
    assert 0.96 * mhz < pll.output_mhz <= mhz
    vco = pll.vco_mhz
    found = {}
    for role, (name, div, eighths) in pll.further.items():
        values = pll.cell.parameters
        assert values[f"{name}_DIV"] == div
        assert 8 * values[f"{name}_CPHASE"] + values[f"{name}_FPHASE"] == eighths < 8 * div
        assert pll.cell.outputs[name] == role
        assert vco / div == pytest.approx(ratio * pll.output_mhz)
        # Time to the next edge of the accelerator's clock, in nanoseconds.
        found[role] = (8 * pll.clkop_cphase - eighths) % (8 * div) / 8 / vco * 1000
    assert set(found) == {"chip"} | ({"memory"} if ratio > 1 else set())
    assert found.get("memory", 0) == 0
    period = 1000 / ratio / pll.output_mhz
    assert found["chip"] == pytest.approx(3.5 % period, abs=63 / vco)


def test_ecp5_agrees_with_ecppll_on_a_second_clock(tmp_path):
    options = ["-i", "25", "--clkout0", "75", "--clkout1", "150", "--phase1", "180"]
    text = said_by("ecppll", [*options, "-f", "pll.v"], tmp_path)
    made = (tmp_path / "pll.v").read_text()
    ours = ECP5PLL.for_frequency(25, 75, MemoryClocks(2, 1000 / 300))
    phase, steps = ours.further["chip"][2], {}
    for name in ("CLKOS_DIV", "CLKOS_CPHASE", "CLKOS_FPHASE", "CLKOP_DIV", "CLKOP_CPHASE"):
        steps[name] = int(re.search(rf"\.{name}\((\d+)\)", made)[1])
    assert steps["CLKOP_DIV"] == ours.clkop_div, text
    assert steps["CLKOS_DIV"] == ours.further["chip"][1]
    theirs = 8 * steps["CLKOS_CPHASE"] + steps["CLKOS_FPHASE"] - 8 * steps["CLKOP_CPHASE"]
    assert (theirs - phase + 8 * ours.clkop_cphase) % (8 * steps["CLKOS_DIV"]) == 0


def test_a_pll_without_clocks_for_a_memory():
    with pytest.raises(PlanError, match=r"^the PLL of iCE40 makes no clocks for a memory$"):
        ICE40PLL.for_frequency(12, 48, MemoryClocks(1, 3.5))
