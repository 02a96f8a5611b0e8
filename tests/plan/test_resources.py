import pytest

from threefold.errors import PlanError
from threefold.plan import Resources
from threefold.plan.resources import block_rams, prefers_block


@pytest.mark.parametrize(
    ("width", "depth", "ice40", "ecp5"),
    [
        (16, 256, 1, 1),
        (17, 256, 2, 1),
        (16, 257, 2, 1),
        (8, 512, 1, 1),
        (4, 1024, 1, 1),
        (2, 2048, 1, 1),
        (1, 2048, 1, 1),
        (2, 2049, 2, 1),
        (36, 512, 5, 1),
        (37, 512, 5, 2),
        (18, 1024, 5, 1),
        (1, 16384, 8, 1),
        (128, 64, 8, 4),
        (1, 1, 1, 1),
    ],
)
def test_block_rams(width, depth, ice40, ecp5):
    assert block_rams(width, depth, "ice40") == ice40
    assert block_rams(width, depth, "ecp5") == ecp5


def test_unknown_family():
    with pytest.raises(PlanError, match=r"^families are ice40 and ecp5, not 'nexus'$"):
        block_rams(8, 8, "nexus")


@pytest.mark.parametrize(
    ("width", "depth", "block"), [(8, 16, False), (16, 16, False), (16, 64, True), (128, 64, True)]
)
def test_kind_of_a_memory(width, depth, block):
    assert prefers_block(width, depth) is block


def test_sum():
    total = Resources(10, 1, 3) + Resources(2.5, 2)
    assert total == Resources(12.5, 3, 3)
    assert total.cells == 15.5
