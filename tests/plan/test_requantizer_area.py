import pytest

from threefold.fpga import FAMILIES
from threefold.fpga.ice40 import ICE40
from threefold.plan.requantize import forms_for
from threefold.plan.requantizer_area import requantizer_resources

SEARCHES = forms_for(even=False)


@pytest.mark.parametrize("form", SEARCHES)
def test_few_thresholds_that_differ_take_less(form):
    size = {"channels": 64, "bits": 8, "accumulator_bits": 14, "lanes": 1, "family": ICE40}
    all_, few = (requantizer_resources(form, **size, steps=steps) for steps in (8, 3))
    assert few.bram < all_.bram / 4
    assert few.cells < all_.cells


@pytest.mark.parametrize("family", FAMILIES.values())
def test_the_sequential_form_is_the_smallest(family):
    size = {"channels": 64, "bits": 4, "accumulator_bits": 12, "lanes": 1, "family": family}
    areas = {form: requantizer_resources(form, **size) for form in SEARCHES}
    prices = {form: area.cells + family.block_worth * area.bram for form, area in areas.items()}
    assert min(prices, key=prices.get) == "sequential"
    assert areas["sequential"].cells < areas["pipelined"].cells


@pytest.mark.parametrize("family", FAMILIES.values())
def test_a_divider_stores_little(family):
    size = {"channels": 64, "bits": 8, "accumulator_bits": 14, "lanes": 1, "family": family}
    search = requantizer_resources("sequential", **size)
    divider = requantizer_resources("divider", **size, word_bits=29, stored_bits=23)
    assert divider.bram <= search.bram / 8
    prices = [area.cells + family.block_worth * area.bram for area in (divider, search)]
    assert prices[0] < prices[1] / 2


def test_a_divider_stores_few_bits():
    size = {"channels": 64, "bits": 8, "accumulator_bits": 18, "lanes": 1, "family": ICE40}
    areas = [
        requantizer_resources("divider", **size, word_bits=33, stored_bits=stored)
        for stored in (33, 28)
    ]
    assert [area.bram for area in areas] == [3, 2]
