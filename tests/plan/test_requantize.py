import re

import pytest

from threefold.errors import PlanError
from threefold.fpga import FAMILIES
from threefold.fpga.ice40 import ICE40
from threefold.plan.requantize import (
    FORMS,
    requantizer_cycles,
    requantizer_latency,
    requantizer_resources,
)


@pytest.mark.parametrize(
    ("form", "bits", "latency", "cycles"),
    [
        ("parallel", 1, 2, 1),
        ("parallel", 2, 3, 1),
        ("parallel", 8, 3, 1),
        ("pipelined", 1, 2, 1),
        ("pipelined", 4, 8, 1),
        ("sequential", 1, 3, 3),
        ("sequential", 4, 12, 12),
    ],
)
def test_cycles(form, bits, latency, cycles):
    assert requantizer_latency(form, bits) == latency
    assert requantizer_cycles(form, bits) == cycles


@pytest.mark.parametrize(
    ("form", "latency", "cycles"), [("parallel", 5, 1), ("pipelined", 8, 1), ("sequential", 11, 11)]
)
def test_cycles_of_a_lookup(form, latency, cycles):
    assert requantizer_latency(form, 8, 3) == latency
    assert requantizer_cycles(form, 8, 3) == cycles


@pytest.mark.parametrize("form", FORMS)
def test_few_thresholds_that_differ_take_less(form):
    size = {"channels": 64, "bits": 8, "accumulator_bits": 14, "lanes": 1, "family": ICE40}
    all_, few = (requantizer_resources(form, **size, steps=steps) for steps in (8, 3))
    assert few.bram < all_.bram / 4
    assert few.cells < all_.cells


@pytest.mark.parametrize("family", FAMILIES.values())
def test_the_sequential_form_is_the_smallest(family):
    size = {"channels": 64, "bits": 4, "accumulator_bits": 12, "lanes": 1, "family": family}
    areas = {form: requantizer_resources(form, **size) for form in FORMS}
    prices = {form: area.cells + family.block_worth * area.bram for form, area in areas.items()}
    assert min(prices, key=prices.get) == "sequential"
    assert areas["sequential"].cells < areas["pipelined"].cells


@pytest.mark.parametrize("function", [requantizer_latency, requantizer_cycles])
def test_refuses_an_unknown_form(function):
    message = "a requantizer is parallel, pipelined or sequential, not 'fast'"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        function("fast", 2)
