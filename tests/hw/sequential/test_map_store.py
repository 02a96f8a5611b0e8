"""Maps in single-port RAM: strides, bands of maps larger than the banks, and other networks."""

from dataclasses import replace

import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.network import Add, Codes, Conv, MaxPool, Network, Node, Tensor, Threshold
from threefold.plan import lower
from threefold.plan.cycle_model.cycles import trace
from threefold.plan.search.fold import plan_of
from threefold.plan.units.sequential import SequentialUnit
from threefold.sim import golden
from threefold.sim.verification import AcceleratorBench

from ...accelerators import random_images

RNG = np.random.default_rng(3)


def conv(filters, channels, **more):
    return Conv(RNG.integers(-1, 2, (filters, 3, 3, channels)), **more)


def threshold(channels):
    return Threshold(np.sort(RNG.integers(-4, 5, (channels, 3)), axis=1))


SAME = {"padding": (1, 1, 1, 1)}
NETWORK = Network(
    "strides",
    Tensor((9, 8, 2), Codes.unsigned(2)),
    [
        Node("conv1", conv(6, 2, **SAME), ["input"]),
        Node("act1", threshold(6), ["conv1"]),
        Node("conv2", conv(6, 6, **SAME), ["act1"]),
        Node("act2", threshold(6), ["conv2"]),
        Node("sum", Add(), ["act2", "act1"]),
        Node("codes", threshold(6), ["sum"]),
        Node("conv3", conv(2, 6, stride=(2, 2), **SAME), ["codes"]),
        Node("act3", threshold(2), ["conv3"]),
        Node("pool", MaxPool((2, 2), (1, 3)), ["act3"]),
    ],
)


def unit_of(pe=4, simd=2, pixels=4, **more):
    return SequentialUnit(lower(NETWORK), pe, simd, pixels=pixels, memory="spram", **more)


def check(unit):
    plan = plan_of(NETWORK, (unit,))
    images = random_images(np.random.default_rng(0), NETWORK, 2)
    run = AcceleratorBench(plan).run(images)
    assert np.array_equal(run.outputs, golden.run(NETWORK, images).reshape(2, -1))
    assert run.left == trace(plan.netlist.stages, 2).left.tolist()


def test_all_pixels_of_a_stride_are_read_at_once():
    unit = unit_of()
    strided = next(each for each in unit.contents.tiled if each.work.name == "conv3")
    assert (strided.pixels, strided.spread) == (4, 2)
    before = SequentialUnit(lower(NETWORK)[:-1], 4, 2, pixels=4)
    assert next(e.pixels for e in before.contents.tiled if e.work.name == "conv3") == 2
    check(unit)


def test_an_addition_takes_as_many_rows_at_once_as_the_banks_hold_of_both_maps():
    contents = unit_of(pixels=2).contents
    rows = [each.rows for each in contents.tiled if each.work.name == "sum"]
    places = contents.tiled[2].line_places
    assert 2 * rows[0] * places <= contents.banked
    assert (sum(rows), len(set(rows[:-1]))) == (9, 1)
    assert len(rows) > 1


def test_larger_maps_are_read_band_by_band():
    unit = unit_of(pe=2, pixels=2).made_loadable()
    assert len(unit.contents.tiled) == 6  # two of the addition
    limits = unit.limits | {"banked": 64, "program": 2048, "next": 11}
    banded = replace(unit, limits=limits)
    assert len(banded.contents.tiled) > 6
    check(banded)


def test_banks_hold_what_a_row_of_output_pixels_takes():
    unit = unit_of(pe=2, pixels=2).made_loadable()
    message = "it has 12 places in each bank that maps are copied into, and the hardware takes 8"
    with pytest.raises(PlanError, match=f"^{message}$"):
        replace(unit, limits=unit.limits | {"banked": 8})
    message = "the limit 'banked' of 'conv1' must be a power of two, not 40"
    with pytest.raises(PlanError, match=f"^{message}$"):
        replace(unit, limits=unit.limits | {"banked": 40})
