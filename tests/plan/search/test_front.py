from itertools import product
from math import sqrt

import pytest
from hypothesis import given, settings

from threefold import boards
from threefold.fpga.ice40 import ICE40
from threefold.network import Add, Codes, Tensor
from threefold.plan import Folding, fit, fold
from threefold.plan.search.front import front
from threefold.references import Builder

from ...nightly import mostly_nightly
from .test_fit import DIGITS, SMALL, devices, make_network, networks, planned

SMALLEST, MIDDLE = boards.get("icebreaker").device, boards.get("ulx3s_25f").device


def cells(plan, device):
    return plan.resources(device.family).cells


LAYERS, ONE = (64, 64, 64, 10), (10, 2)


@pytest.mark.parametrize(
    ("widths", "device"),
    mostly_nightly(
        product([LAYERS, (13, 32, 32, 3), ONE], [SMALLEST, MIDDLE]),
        always=[((13, 32, 32, 3), SMALLEST), (ONE, MIDDLE)],
    ),
)
def test_four_times_the_rate_of_the_knee_takes_twice_the_cells(widths, device):
    network = make_network(*widths)
    knee, intervals = fit(network, device), []
    for interval in (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 80, 96, 128, 192, 256, 384, 512, 1024):
        plan = planned(network, device, interval=interval)
        if plan and plan.cycles.interval not in intervals:
            intervals.append(plan.cycles.interval)
            faster = sqrt(knee.cycles.interval / plan.cycles.interval)
            assert cells(plan, device) >= 0.97 * faster * cells(knee, device)
    assert len(intervals) > 2


def test_a_small_classifier_leaves_a_board_room():
    network = make_network(13, 32, 32, 3)
    knee, fastest = fit(network, MIDDLE), fit(network, MIDDLE, fastest=True)
    assert cells(knee, MIDDLE) < 1_500 < 8_000 < cells(fastest, MIDDLE)
    assert knee.cycles.interval > fastest.cycles.interval


@given(networks, devices)
@settings(max_examples=10)
def test_alternatives_are_what_asking_for_them_gives(network, device):
    knee = planned(network, device)
    if not knee:
        return
    others = knee.alternatives
    assert 1 <= len(others) <= 5
    assert [each.taken for each in others].count(True) == 1
    intervals = [each.interval for each in others]
    assert intervals == sorted(set(intervals))
    assert [each.cells for each in others] == sorted((each.cells for each in others), reverse=True)
    for each in others:
        speed = {"fastest": True} if each.asked is None else {"interval": each.asked}
        plan = fit(network, device, **speed)
        assert plan.cycles.interval <= each.interval
        assert sum(other.taken for other in plan.alternatives) == 1
        if plan.cycles.interval == each.interval:
            assert cells(plan, device) == pytest.approx(each.cells)
            assert plan.resources(device.family).bram == each.bram


def residual():
    builder = Builder("residual", Tensor((8, 8, 1), Codes.unsigned(8)))
    source = builder.layer("stem", 8, (3, 3), Codes.unsigned(4), padding=(1, 1, 1, 1))
    branch = builder.layer("conv", 8, (3, 3), Codes.unsigned(4), padding=(1, 1, 1, 1))
    builder.add("sum", Add(), branch, source)
    return builder.classifier(10)


def test_alternatives_have_fifos_before_joins():
    network = residual()
    knee = fit(network, MIDDLE)
    assert knee.buffers["sum.1"] > 8
    for each in knee.alternatives:
        speed = {"fastest": True} if each.asked is None else {"interval": each.asked}
        plan = fit(network, MIDDLE, **speed)
        assert cells(plan, MIDDLE) == pytest.approx(each.cells, rel=0.05)


def test_no_search_no_alternatives():
    foldings = dict.fromkeys(("fc1", "fc2"), Folding(8, 8)) | {"fc3": Folding(2, 8)}
    assert fold(DIGITS, foldings).alternatives == ()


def test_points_take_less_the_slower_they_are():
    network, tried = make_network(64, 16, 10), []

    def pick(interval):
        tried.append(interval)
        return fit(network, SMALL, interval=interval).units if interval >= 64 else None

    points = front(range(32, 512, 4), pick, ICE40)
    assert points[0].interval == 64
    taken = [point.cells for point in points]
    assert taken == sorted(taken, reverse=True)
    assert len(set(tried)) < 60  # not all 112: four an octave, and those beside the knee
