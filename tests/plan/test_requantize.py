import re

import pytest

from threefold.errors import PlanError
from threefold.plan.requantize import (
    requantizer_cycles,
    requantizer_latency,
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
        ("divider", 1, 4, 4),
        ("divider", 8, 11, 11),
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


@pytest.mark.parametrize("function", [requantizer_latency, requantizer_cycles])
def test_refuses_an_unknown_form(function):
    message = "a requantizer is parallel, pipelined, sequential or divider, not 'fast'"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        function("fast", 2)
