import re
from types import SimpleNamespace

import pytest

from threefold.boards import BOARDS
from threefold.errors import PlanError
from threefold.fpga import FAMILIES, GENERIC
from threefold.hw.family import family_of


@pytest.mark.parametrize("name", BOARDS)
def test_every_board_is_of_the_family_it_says(name):
    assert family_of(BOARDS[name].make_platform()) is BOARDS[name].family


@pytest.mark.parametrize("family", FAMILIES.values())
def test_a_family_is_itself(family):
    assert family_of(SimpleNamespace(family=family)) is family


@pytest.mark.parametrize("platform", [None, SimpleNamespace(), SimpleNamespace(family=None)])
def test_no_family(platform):
    assert family_of(platform) is GENERIC


def test_unknown_family():
    message = f"family must be one of {', '.join(FAMILIES)}, not 'virtex'"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        family_of(SimpleNamespace(family="Virtex"))
