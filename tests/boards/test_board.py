import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
from amaranth.build import Pins, Resource, ResourceError

from threefold import boards
from threefold.boards import BOARDS, Board, get
from threefold.errors import PlanError
from threefold.fpga import GENERIC


@pytest.mark.parametrize("name", BOARDS)
def test_platform_is_the_board(name):
    board = get(name)
    platform = board.make_platform()
    assert board.name == name
    assert platform.device == board.device.name
    assert platform.default_clk_frequency == board.base_mhz * 1e6


@pytest.mark.parametrize("name", BOARDS)
def test_default_clock_can_be_made(name):
    board = get(name)
    assert board.achieved_mhz(board.clock_mhz) == board.clock_mhz
    assert board.achieved_mhz(board.base_mhz) == board.base_mhz
    assert board.pll(board.base_mhz) is None


def test_every_module_of_the_package_holds_boards():
    for module in iter_modules(boards.__path__):
        values = vars(import_module(f"threefold.boards.{module.name}")).values()
        held = [value for value in values if isinstance(value, Board)]
        assert held or module.name in ("board", "flash", "platforms", "sdram", "target")
        assert all(BOARDS[board.name] is board for board in held)


def test_pins_that_the_platform_lacks():
    board = get("icebreaker")
    more = replace(board, resources=(Resource("bell", 0, Pins("4", dir="o")),))
    assert more.make_platform().lookup("bell").name == "bell"
    with pytest.raises(ResourceError):
        board.make_platform().lookup("bell")


def test_no_pll():
    board = get("icebreaker")
    bare = replace(board, device=replace(board.device, family=GENERIC))
    assert bare.achieved_mhz(12) == 12
    with pytest.raises(PlanError, match=r"^icebreaker has no PLL to make 30 MHz; choose 12 MHz$"):
        bare.achieved_mhz(30)


def test_unknown_board():
    message = f"there is no board 'de10'; choose one of {', '.join(BOARDS)}"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        get("de10")
    message = r"^there is no board 'ULX3S'; the nearest names are (ulx3s_\d\df(, )?){3}$"
    with pytest.raises(PlanError, match=message):
        get("ULX3S")


def test_the_readme_names_every_board():
    rows = [
        f"| `{board.name}` | {board.title} | {board.device.name} "
        f"| {board.device.lut:,} | {board.device.bram} |"
        for board in BOARDS.values()
    ]
    readme = Path(__file__).parents[2].joinpath("README.md").read_text()
    assert "\n".join(rows) + "\n\n" in readme


def test_memories_that_a_device_lacks():
    get("icebreaker").check_memories({"conv1": "spram"})
    get("ulx3s_12f").check_memories({"conv1": "block", "conv2": "auto"})
    message = "memory of 'conv1' cannot be spram: ulx3s_12f has none; choose lut, block or auto"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        get("ulx3s_12f").check_memories({"conv1": "spram"})
