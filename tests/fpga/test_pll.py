import re

import pytest

from threefold.errors import PlanError
from threefold.fpga.ecp5 import ECP5PLL
from threefold.fpga.gatemate import GateMatePLL
from threefold.fpga.gowin import GowinPLL
from threefold.fpga.ice40 import ICE40PLL
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
