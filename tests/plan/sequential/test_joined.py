"""Which additions are part of the pass of a convolution, and where their maps are."""

from dataclasses import replace

import numpy as np
import pytest

from threefold.network import INPUT, Add, MaxPool
from threefold.plan import lower
from threefold.plan.sequential import PassTiles, pass_cycles
from threefold.plan.sequential.joined import join_latency, queue_words
from threefold.plan.units.sequential import SequentialUnit
from threefold.plan.units.streamed import StreamedUnit

from ...random_residuals import Residuals


def residuals(shape=(4, 4, 4)):
    return Residuals(np.random.default_rng(0), shape)


def unit(made, name, **sizes):
    network = made.network(name, logits=False)
    return StreamedUnit(lower(network), **{"pe": 2, "simd": 2, "pixels": 2} | sizes)


def passes(unit):
    """Names of the layers of each pass, and of the map that it adds."""
    return [([layer.name for layer in each.layers], each.added) for each in unit.passes]


def added(made, name, **sizes):
    """Names of convolutions with an addition, and of maps that they write over."""
    return [(each.name, each.added) for each in unit(made, name, **sizes).passes if each.added]


def total(made, *names):
    return made.codes("codes", made.add("add", Add(), *names))


def test_an_addition_is_part_of_the_pass_in_front_of_it():
    made = residuals()
    first = made.conv("a", INPUT, 6, 3)
    branch = made.conv("c", made.conv("b", first, 4, 3), 6, 3)
    array = unit(made, total(made, branch, first))
    assert passes(array) == [(["a_sums"], ""), (["b_sums"], ""), (["c_sums", "add", "codes"], "a")]
    last = array.passes[-1]
    assert (last.sources, last.stream, last.shape) == (("b", "a"), "codes", (4, 4, 6))


def test_it_is_written_over_the_other_map():
    made = residuals((4, 4, 6))
    first = made.conv("a", INPUT, 6, 3)
    array = unit(made, total(made, made.conv("c", made.conv("b", first, 6, 3), 6, 3), first))
    maps = array.contents.maps
    assert maps.bases["codes"] == maps.bases["a"]
    assert array.contents.bank_depths == [array.array.size((4, 4, 6))] * 2
    apart = SequentialUnit(array.layers, 2, 2, pixels=2).contents.maps
    assert apart.depth == 3 * array.array.size((4, 4, 6))


def test_it_comes_behind_a_projection():
    made = residuals()
    first = made.conv("a", INPUT, 6, 3)
    branch = made.conv("c", made.conv("b", first, 4, 3, stride=2), 8, 3)
    projection = made.conv("d", first, 8, 1, stride=2)
    names = [names[0] for names, _ in passes(unit(made, total(made, branch, projection)))]
    assert names == ["a_sums", "b_sums", "d_sums", "c_sums"]


def test_a_map_that_enters_may_be_written_over():
    made = residuals()
    branch = made.conv("b", made.conv("a", INPUT, 8, 3), 4, 1)
    assert added(made, total(made, INPUT, branch)) == [("b_sums", INPUT)]


def test_sums_that_are_read_as_they_are():
    made = residuals()
    branch = made.conv("b", made.conv("a", INPUT, 8, 3), 4, 3)
    array = unit(made, made.add("add", Add(), branch, INPUT))
    assert passes(array)[-1] == (["b_sums", "add"], INPUT)
    assert array.passes[-1].sum_thresholds.tolist() == [[1, 2, 3, 4, 5, 6]]
    assert array.contents.code_bits == 3


def test_codes_that_others_read_are_written():
    made = residuals()
    branch = made.conv("b", made.conv("a", INPUT, 4, 3), 4, 3)
    second = made.conv("c", branch, 4, 3)
    made.codes("codes", made.add("add", Add(), branch, INPUT))
    assert added(made, made.add("others", Add(), "codes", second)) == [("c_sums", "codes")]


def test_maps_that_others_read_are_not_written_over():
    made = residuals()
    branch = made.conv("b", made.conv("a", INPUT, 4, 3), 4, 3)
    both = total(made, branch, INPUT)
    again = made.add("again", Add(), made.add("pool", MaxPool((1, 1), (1, 1)), both), INPUT)
    assert added(made, again) == []


def test_nor_those_that_the_convolution_reads():
    made = residuals()
    assert added(made, total(made, made.conv("a", INPUT, 4, 3), INPUT)) == []


def test_nor_those_that_a_later_convolution_reads():
    made = residuals()
    assert added(made, made.crossed("x", INPUT)) == [("x_early_sums", "x_a")]


def test_codes_that_are_added_to_themselves():
    made = residuals()
    assert added(made, total(made, *[made.conv("a", INPUT, 4, 3)] * 2)) == []


def test_additions_of_other_layers():
    made = residuals()
    pools = [made.add(f"pool{n}", MaxPool((1, 1), (1, 1)), INPUT) for n in (1, 2)]
    assert added(made, total(made, *pools)) == []


@pytest.mark.parametrize(("pixels", "joins"), [(1, True), (2, False), (4, False)])
def test_strides_that_leave_banks_out(pixels, joins):
    made = residuals((8, 8, 4))
    one, other = (made.conv(name, INPUT, 4, 3, stride=2) for name in "ab")
    branch = total(made, one, made.add("pool", MaxPool((1, 1), (1, 1)), other))
    assert (added(made, branch, pixels=pixels) == [("a_sums", "pool")]) == joins


def test_other_arrays_add_in_a_pass_of_its_own():
    made = residuals()
    branch = made.conv("b", made.conv("a", INPUT, 8, 3), 4, 1)
    layers = lower(made.network(total(made, branch, INPUT), logits=False))
    assert not any(each.added for each in SequentialUnit(layers, 2, 2).passes)


@pytest.mark.parametrize("form", ["pipelined", "sequential"])
def test_cycles_are_those_of_tiles_that_fetch_and_of_a_second_search(form):
    made = residuals()
    branch = made.conv("b", made.conv("a", INPUT, 8, 3), 4, 3)
    array = unit(made, total(made, branch, INPUT), form=form).made_loadable()
    contents, joined = array.contents, array.contents.tiled[-1]
    work = replace(joined.work, layers=joined.work.layers[:1], added="", sum_thresholds=None)
    plain = PassTiles(work, joined.array)
    assert joined.lengths == [plain.lengths[0] + 1]
    assert joined.tile_cycles == plain.tile_cycles
    assert joined.jumps.tolist() == [0, *plain.jumps]
    more = pass_cycles(contents, joined, form) - pass_cycles(contents, plain, form)
    assert more == joined.steps + join_latency(form, contents.code_bits)


def test_contents_without_additions_may_come_as_well():
    made, other = residuals(), residuals()
    joined = unit(made, total(made, made.conv("b", made.conv("a", INPUT, 4, 3), 4, 3), INPUT))
    plain = unit(other, other.conv("b", other.conv("a", INPUT, 4, 3), 4, 3))
    both = plain.made_loadable(joined.layers)
    assert both.limits == joined.made_loadable(plain.layers).limits
    assert both.contents.joins
    assert not plain.made_loadable().contents.joins


def test_an_addition_is_a_pass_of_its_own_where_nothing_in_hardware_joins():
    made, other = residuals(), residuals()
    branch = made.conv("b", made.conv("a", INPUT, 4, 3), 4, 3)
    layers = unit(made, total(made, branch, INPUT)).layers
    wider = other.conv("c", other.conv("b", other.conv("a", INPUT, 8, 3), 8, 3), 4, 3)
    plain = unit(other, wider, pe=4, simd=4).made_loadable()
    apart = plain.changed(layers, {})
    assert len(apart.passes) == 3
    assert not any(each.added for each in apart.passes)


def test_sums_of_other_thresholds_begin_where_there_is_room():
    made = residuals()
    array = unit(made, total(made, made.conv("b", made.conv("a", INPUT, 4, 3), 4, 3), INPUT))
    limits = array.made_loadable().limits
    assert 1 << limits["sums"] > limits["thresholds"] // 2


@pytest.mark.parametrize("interval", [1, 6])
@pytest.mark.parametrize("pixels", [1, 3])
def test_the_queue_holds_all_words_whose_codes_are_not_found_yet(pixels, interval):
    made = residuals()
    branch = made.conv("b", made.conv("a", INPUT, 4, 3), 4, 3)
    array = unit(made, total(made, branch, INPUT), pixels=pixels).array
    words = queue_words(array, "pipelined", bits=2, code_bits=2, interval=interval)
    assert words & (words - 1) == 0
    # Groups of two pixels follow each other by so many cycles, and their codes by as many more.
    assert words * pixels * interval >= 4 + 4


def test_weights_of_a_convolution_alone_are_stored():
    made = residuals()
    branch = made.conv("b", made.conv("a", INPUT, 4, 3), 4, 3)
    array = unit(made, total(made, branch, INPUT))
    apart = SequentialUnit(array.layers, 2, 2, pixels=2)
    rows = [len(each.weights) for each in apart.contents.tiled if each.work.weighted]
    assert len(array.contents.weights) == sum(rows)
    assert array.array_cycles == apart.array_cycles
    assert array.tiles == apart.tiles
