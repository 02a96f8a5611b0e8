from dataclasses import replace
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


def test_flip_flops_are_a_limit():
    """Fewer LUTs are no help where there are more flip-flops."""
    many, few = Resources(1_000, surplus=8_001), Resources(2_000, surplus=-500)
    choices = [[Choice(SimpleNamespace(), 10, 10, area) for area in (many, few)]]
    for ff, expected in ((0, many), (10_300, many), (10_000, few), (1_666, None)):
        picked = cheapest(choices, 10, replace(DEVICE, ff=ff), 0.75)
        assert picked is None if expected is None else picked[0].resources == expected


def test_nothing_fits():
    assert cheapest([row((7_501, 0))], 10, DEVICE, 0.75, light=True) is None
