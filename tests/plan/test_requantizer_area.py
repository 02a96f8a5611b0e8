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
    divider = requantizer_resources("divider", **size, word_bits=29)
    assert divider.bram <= search.bram / 8
    assert divider.cells < search.cells + 120
