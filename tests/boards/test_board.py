import re
from pathlib import Path

import pytest

from threefold.boards import BOARDS, get
from threefold.errors import PlanError


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


def test_unknown_board():
    message = f"there is no board 'de10'; choose one of {', '.join(BOARDS)}"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        get("de10")


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
