"""Array for layers in turn: its passes, the places of its maps, its cycles and its decisions."""

import dataclasses
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from threefold import references
from threefold.errors import PlanError
from threefold.fpga import FAMILIES
from threefold.hw import sequential  # noqa: F401
from threefold.hw.component import component
from threefold.network import (
    Add,
    Codes,
    Conv,
    Logits,
    MaxPool,
    Network,
    Node,
    SumPool,
    Tensor,
    Threshold,
    load,
)
from threefold.network import PadChannels as PadOp
from threefold.plan import fold, load_plan, lower, save_plan
from threefold.plan.schedule import Folding
from threefold.plan.search.fold import plan_of
from threefold.plan.sequential import passes_of
from threefold.plan.units import KINDS, kind_for
from threefold.plan.units.sequential import STORES, SequentialUnit
from threefold.tools.packing import pack
from threefold.tools.synthesis import synthesise

from ...nightly import mostly_nightly

RNG = np.random.default_rng(0)
CODES = Codes.unsigned(2)
ZOO = Path(__file__).parents[3] / "zoo"
TEN = Tensor((1, 1, 10), CODES)


def conv(filters, channels, kernel=(3, 3), **more):
    return Conv(RNG.choice([-1, 1], (filters, *kernel, channels)), **more)


def threshold(channels, codes=CODES):
    return Threshold(np.sort(RNG.integers(-4, 5, (channels, codes.max_code)), axis=1))


def chain(*ops, shape=(6, 6, 4)):
    named = [(f"n{index}", op) for index, op in enumerate(ops)]
    return Network.chain("chain", Tensor(shape, CODES), named)


SAME = {"padding": (1, 1, 1, 1)}
TWO = chain(conv(4, 4, **SAME), threshold(4), conv(8, 4, **SAME), threshold(8))


def unit_of(network, pe=4, simd=4, **more):
    return SequentialUnit(lower(network), pe, simd, **more)


def test_its_kind_is_for_several_layers():
    assert KINDS["sequential"] is SequentialUnit
    assert kind_for(lower(TWO)) is SequentialUnit
    assert not SequentialUnit.accepts(lower(TWO)[:1])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"pe": 6},
            "PE count of the array of 'n0' must be a multiple of its SIMD width 4, not 6",
        ),
        ({"simd": 0}, "SIMD width of the array of 'n0' must be at least 1, not 0"),
        ({"pixels": 0}, "pixels of the array of 'n0' must be at least 1, not 0"),
        ({"lanes": 3}, "lanes of the array of 'n0' must divide its SIMD width 4, not 3"),
        (
            {"form": "divider"},
            "searches of 'n0' are pipelined, sequential or parallel, not 'divider'",
        ),
        (
            {"memory": "disk"},
            "memory of the maps of 'n0' must be one of auto, lut, block, split, spram, not 'disk'",
        ),
    ],
)
def test_sizes_that_do_not_fit_are_refused(more, message):
    with pytest.raises(PlanError, match=f"^{message}$"):
        unit_of(TWO, **more)


def test_pixels_have_to_suit_the_strides():
    network = chain(
        conv(4, 4, stride=(3, 3), **SAME), threshold(4), conv(4, 4, (1, 1)), threshold(4)
    )
    assert unit_of(network, pixels=3).contents.tiled[0].pixels == 1
    message = (
        "^2 pixels at once do not suit 'n0': they must be a multiple of its stride 3 or divide it$"
    )
    with pytest.raises(PlanError, match=message):
        unit_of(network, pixels=2)


@pytest.mark.parametrize(
    ("ops", "message"),
    [
        (
            (conv(4, 4), threshold(4), conv(2, 4), Logits([0, 0])),
            "no array computes 'n2' in turn with others: logits of several pixels leave it",
        ),
    ],
)
def test_layers_that_it_does_not_compute_are_refused(ops, message):
    network = chain(*ops)
    assert not SequentialUnit.accepts(lower(network))
    with pytest.raises(PlanError, match=f"^{message}$"):
        unit_of(network)


def residual():
    nodes = [
        Node("conv1", conv(4, 4, **SAME), ["input"]),
        Node("act1", threshold(4), ["conv1"]),
        Node("conv2", conv(4, 4, **SAME), ["act1"]),
        Node("act2", threshold(4), ["conv2"]),
        Node("sum", Add(), ["act2", "act1"]),
        Node("codes", threshold(4), ["sum"]),
        Node("pool", MaxPool((2, 2), (2, 2)), ["codes"]),
        Node("more", PadOp(1, 1), ["pool"]),
        Node("whole", SumPool((3, 3), (1, 1)), ["more"]),
    ]
    return Network("residual", Tensor((6, 6, 4), CODES), nodes)


def test_a_sum_and_its_threshold_are_one_pass_over_a_map_that_ends():
    unit = unit_of(residual())
    assert [[layer.name for layer in each.layers] for each in unit.passes] == [
        *(["conv1"], ["conv2"], ["sum", "codes"], ["pool"], ["more"], ["whole"])
    ]
    places, sums = unit.contents.maps.bases, unit.passes[2]
    assert places["codes"] in {places[name] for name in sums.sources}
    assert unit.contents.maps.depth == 2 * 36 + 9 * (unit.simd == 2)


def test_maps_that_are_read_at_once_have_places_of_their_own():
    maps = unit_of(residual(), simd=2).contents.maps
    written = {each.stream: index for index, each in enumerate(maps.passes)} | {"input": -1}
    read = {name: index for index, each in enumerate(maps.passes) for name in each.sources}
    read["whole"] = len(maps.passes)
    spans = {
        name: range(base, base + maps.array.size(maps.shapes[name]))
        for name, base in maps.bases.items()
    }
    for one in spans:
        for other in spans:
            lives = written[one] < read[other] and written[other] < read[one]
            if one != other and lives:
                assert not set(spans[one]) & set(spans[other]), (one, other)


def test_tiles_of_all_groups_are_stored_once_where_they_are_the_same():
    unit = unit_of(residual(), pe=2, simd=2)
    rewinds = {field.name: field.values for field in unit.contents.descriptors}["rewind"]
    assert rewinds == (1, 1, 1, 1, 0, 1)
    assert len(unit.contents.tiles[0].values) == 18 + 18 + 2 + 4 + 4 + 9


def test_channels_and_filters_need_no_divisors():
    unit = SequentialUnit(lower(TWO), 9, 3, lanes=3)
    assert unit.contents.weights.shape[1:] == (9, 3)
    assert unit.contents.tiled[0].tiles_in_all == 9 * 2
    assert (unit.i_lanes, unit.o_lanes) == (1, 1)


def ended(*ops, codes=8, shape=(6, 6, 3)):
    """A network whose input is wider than all codes behind it, or as wide."""
    named = [(f"n{index}", op) for index, op in enumerate(ops)]
    return Network.chain("ended", Tensor(shape, Codes.signed(codes)), named)


WIDE = (conv(4, 3, **SAME), threshold(4, Codes.unsigned(4)))
MEAN = (SumPool((6, 6), (1, 1)), conv(10, 4, (1, 1)))


def test_a_wide_input_is_stored_in_parts():
    unit = SequentialUnit(lower(ended(*WIDE, conv(4, 4, **SAME), threshold(4))), 4, 4)
    first = unit.contents.tiled[0]
    assert (unit.parts, unit.contents.bits, unit.contents.maps.shape) == (2, 4, (6, 6, 8))
    assert first.lengths == [9 + 3 + 9]  # upper parts, doubled four times, lower parts
    assert first.tiles_in_all == 2 * 9
    assert unit.interval == 2 * 36 + unit.runs[0] + unit.o_beats - 1
    assert unit.tiles == (21 + 9, 0)


@pytest.mark.parametrize(
    ("ops", "codes", "shape"),
    [
        (WIDE, 7, (6, 6, 3)),  # not twice as wide
        ((conv(4, 9, **SAME), WIDE[1]), 8, (6, 6, 9)),  # more channels than enter at once
        ((MaxPool((1, 1), (1, 1)), *WIDE), 8, (6, 6, 3)),  # as wide behind it
    ],
)
def test_other_inputs_are_stored_as_they_are(ops, codes, shape):
    network = ended(*ops, conv(4, 4, **SAME), threshold(4), codes=codes, shape=shape)
    unit = SequentialUnit(lower(network), 4, 4)
    assert (unit.parts, unit.contents.bits) == (1, codes)


def test_sums_of_a_whole_map_and_the_layer_behind_them_are_one_pass_for_each_group():
    unit = SequentialUnit(lower(ended(*WIDE, *MEAN, Logits(np.arange(10)))), 4, 4, pixels=4)
    assert [[layer.name for layer in each.layers] for each in unit.passes] == [
        ["n0"],
        ["n2", "n3"],
    ]
    groups = unit.contents.tiled[1:]
    assert [each.work.shape for each in groups] == [(1, 1, 4), (1, 1, 4), (1, 1, 2)]
    assert [len(each.weights) for each in groups] == [4, 4, 4]
    assert unit.contents.code_bits == 4
    assert unit.contents.result_rows == 12
    assert (unit.o_lanes, unit.outputs[0].signed) == (1, True)


def test_logits_are_the_last():
    first, logits = lower(ended(*WIDE, *MEAN, Logits(np.arange(10))))[1:]
    again = dataclasses.replace(first, name="again", stream="again", sources=(logits.stream,))
    message = "^no array computes 'n3' in turn with layers behind it: logits leave it$"
    with pytest.raises(PlanError, match=message):
        passes_of((first, logits, dataclasses.replace(again, inputs=(TEN,))))


def skipping(empty):
    """All layers of a residual network but the first, a share of whose tiles is empty."""
    network = references.resnet20(
        input=(16, 16, 3), filters=(16, 16, 32), images=64, sparsity=empty, tile=(4, 4), density=1.0
    )
    return SequentialUnit(lower(network)[1:-1], 4, 4, lanes=4)


def test_empty_tiles_cost_no_cycles():
    whole, sparse = skipping(0.0), skipping(0.75)
    tiled = [each for each in sparse.contents.tiled if each.work.weighted]
    dense = sum(each.tiles_in_all * each.steps for each in tiled)
    assert whole.array_cycles == dense
    assert sparse.array_cycles <= 0.26 * dense
    assert sparse.interval <= 0.3 * whole.interval


def test_lanes_are_used_over_a_whole_image():
    layers = lower(load(ZOO / "resnet20_jpeg.tern"))[:-1]
    unit = SequentialUnit(layers, 8, 4, pixels=4, lanes=4)
    assert unit.contents.bits == 4
    assert unit.array_cycles >= 0.92 * unit.interval


def test_its_file(tmp_path):
    plan = plan_of(TWO, (unit_of(TWO, pixels=2, lanes=2, form="sequential", memory="block"),))
    save_plan(plan, tmp_path / "plan.json")
    loaded = load_plan(TWO, tmp_path / "plan.json")
    assert loaded == plan
    assert loaded.units[0].decisions() == {
        "pe": 4,
        "simd": 4,
        "pixels": 2,
        "lanes": 2,
        "form": "sequential",
        "memory": "block",
        "store": "block",
        "limits": {},
    }


def test_what_is_read_elsewhere_has_to_leave():
    network = residual()
    units = fold(network, {name: Folding(2, 2) for name in ("conv1", "conv2")}).units
    layers = lower(network)
    unit = SequentialUnit(layers[:2], 2, 2)
    message = "^'sum' reads 'act1', which does not leave 'conv1'; make it the last layer there$"
    with pytest.raises(PlanError, match=message):
        plan_of(network, (unit, *units[2:]))


@pytest.mark.parametrize("family", mostly_nightly(["ice40", "ecp5"], always=["ecp5"]))
@pytest.mark.parametrize(
    ("store", "memory"),
    mostly_nightly(
        [(None, "auto"), *product(STORES, ["auto", "spram"])],
        always=[(None, "auto"), ("block", "auto")],
    ),
)
def test_its_logic_cells_are_near_those_that_are_packed(family, store, memory, tmp_path):
    network = references.resnet20(input=(8, 8, 3), filters=(4, 8, 16), bits=2, images=64)
    layers = lower(network)
    names = [layer.name for layer in layers]
    run = layers[names.index("stage1_block1_conv1") : names.index("pool")]
    unit = SequentialUnit(run, 4, 4, lanes=2, memory=memory)
    if store:
        unit = unit.made_loadable(store=store)
    synthesise(component(unit), FAMILIES[family], tmp_path)
    packed = pack(FAMILIES[family], tmp_path)
    estimate = unit.resources(FAMILIES[family])
    assert estimate.cells == pytest.approx(packed["lut"], rel=0.15)
    assert abs(estimate.bram - packed["bram"]) <= 3
    assert estimate.spram == packed.get("spram", 0)
