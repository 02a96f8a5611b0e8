from itertools import pairwise

import pytest

from threefold.plan.latency import logit_latency
from threefold.plan.shifts import Shift, shifts


def test_shifts_add_up():
    for constant in range(1, 2000):
        found = shifts(constant)
        assert constant == sum(
            -(1 << each.places) if each.subtracted else 1 << each.places for each in found
        )
        assert not found[0].subtracted
        assert all(one.places > other.places + 1 for one, other in pairwise(found))


@pytest.mark.parametrize(
    ("constant", "expected"),
    [
        (1, [(0, False)]),
        (8, [(3, False)]),
        (3, [(2, False), (0, True)]),
        (5, [(2, False), (0, False)]),
        (15, [(4, False), (0, True)]),
    ],
)
def test_as_few_as_there_can_be(constant, expected):
    assert shifts(constant) == tuple(Shift(*each) for each in expected)


@pytest.mark.parametrize(("step", "cycles"), [(1, 2), (4, 2), (3, 3), (5, 3), (11, 4), (85, 4)])
def test_a_level_of_adders_takes_a_cycle(step, cycles):
    assert logit_latency(step) == cycles
