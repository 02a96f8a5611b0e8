from types import SimpleNamespace

import pytest

from threefold.boards import BOARDS
from threefold.hw.family import family_of


@pytest.mark.parametrize("name", BOARDS)
def test_every_board_is_of_the_family_it_says(name):
    assert family_of(BOARDS[name].platform()) == BOARDS[name].family


@pytest.mark.parametrize("platform", [None, SimpleNamespace(), SimpleNamespace(family=None)])
def test_no_family(platform):
    assert family_of(platform) is None
