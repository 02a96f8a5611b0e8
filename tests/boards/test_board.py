import pytest
from threefold.boards import BOARDS, get

from threefold.errors import PlanError


@pytest.mark.parametrize("name", BOARDS)
def test_platform_is_the_board(name):
    board = get(name)
    platform = board.platform()
    assert board.name == name
    assert platform.device == board.device
    assert platform.default_clk_frequency == board.base_mhz * 1e6


@pytest.mark.parametrize("name", BOARDS)
def test_default_clock_can_be_made(name):
    board = get(name)
    assert board.achieved_mhz(board.clock_mhz) == board.clock_mhz
    assert board.achieved_mhz(board.base_mhz) == board.base_mhz
    assert board.pll(board.base_mhz) is None


def test_unknown_board():
    message = r"^there is no board 'de10'; choose one of icebreaker, ulx3s_85f$"
    with pytest.raises(PlanError, match=message):
        get("de10")
