from types import SimpleNamespace

import pytest

from threefold.fpga import Device, Resources
from threefold.fpga.ecp5 import ECP5
from threefold.plan.search.pareto import Choice, cheapest

DEVICE = Device("any", ECP5, lut=10_000, bram=50)


def row(*areas):
    units = (SimpleNamespace(name=str(area)) for area in areas)
    return [
        Choice(unit, 10, 10, Resources(lut, bram=bram))
        for unit, (lut, bram) in zip(units, areas, strict=True)
    ]


def taken(choices, **options):
    picked = cheapest(choices, 10, DEVICE, 0.75, **options)
    return [(each.resources.lut, each.resources.bram) for each in picked]


@pytest.mark.parametrize(
    ("beside", "expected"),
    # 7,500 LUTs may be used, and 80 % of them be exceeded.
    [(1_000, (1_000, 0)), (5_100, (500, 12))],
)
def test_block_ram_is_cheap_where_luts_are_short(beside, expected):
    """Elsewhere a block is worth a quarter of the LUTs that there are for each."""
    choices = [row((beside, 0)), row((1_000, 0), (500, 12))]
    assert taken(choices) == [(beside, 0), (1_000, 0)]
    assert taken(choices, light=True) == [(beside, 0), expected]


def test_nothing_fits():
    assert cheapest([row((7_501, 0))], 10, DEVICE, 0.75, light=True) is None
