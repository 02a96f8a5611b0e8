"""Layers in turn: which ones an array can take, what is decided, and when a plan chooses so."""

import dataclasses
import re

import numpy as np
import pytest

from threefold import references
from threefold.boards import Target
from threefold.errors import PlanError
from threefold.fpga import Device, Resources
from threefold.fpga.ice40 import ICE40, ICE40UP5K
from threefold.network import (
    Add,
    Codes,
    Conv,
    Dense,
    Logits,
    Network,
    Node,
    SumPool,
    Tensor,
    Threshold,
)
from threefold.plan import Folding, fit, fold, image_of, load_plan, lower, refold, save_plan
from threefold.plan.search.pareto import Choice
from threefold.plan.search.runs import choices_for_run, longest_run, runs_of
from threefold.planning import plan_for_board

CODES = Codes.unsigned(4)
SAME = {"padding": (1, 1, 1, 1)}


def make_network(depth, inner=8):
    rng = np.random.default_rng(0)
    ops, channels = [], 4
    for number in range(1, depth + 1):
        filters = 8 if number == depth else inner
        ops.append((f"conv{number}", Conv(rng.integers(-1, 2, (filters, 3, 3, channels)), **SAME)))
        thresholds = np.sort(rng.integers(-30, 30, (filters, 15)), axis=1)
        ops.append((f"act{number}", Threshold(thresholds)))
        channels = filters
    ops += [("pool", SumPool((6, 6), (6, 6))), ("dense", Dense(rng.integers(-1, 2, (3, 8))))]
    ops.append(("logits", Logits(np.zeros(3, int))))
    return Network.chain("deep", Tensor((6, 6, 4), CODES), ops)


DEEP = make_network(8)
SHORT = make_network(3)
ARRAY = Folding(8, 4, 2)


def test_layers_are_named_by_the_first_and_the_last():
    run, other = runs_of(lower(DEEP), {"conv2..conv4": ARRAY, "conv6..conv7": None})
    assert [layer.name for layer in run.layers] == ["conv2", "conv3", "conv4"]
    assert run.decided == {"pe": 8, "simd": 4, "pixels": 2}
    assert other.decided == {}
    assert str(other) == "conv6..conv7"


def residual():
    rng = np.random.default_rng(1)
    weights = rng.integers(-1, 2, (3, 4, 3, 3, 4))
    thresholds = np.sort(rng.integers(-30, 30, (4, 15)), axis=1)
    nodes = [Node("conv1", Conv(weights[0], **SAME), ["input"])]
    nodes.append(Node("act1", Threshold(thresholds), ["conv1"]))
    nodes.append(Node("conv2", Conv(weights[1], **SAME), ["act1"]))
    nodes.append(Node("act2", Threshold(thresholds), ["conv2"]))
    nodes.append(Node("sum", Add(), ["act1", "act2"]))
    nodes.append(Node("act3", Threshold(thresholds), ["sum"]))
    nodes.append(Node("conv3", Conv(weights[2], **SAME), ["act3"]))
    nodes.append(Node("logits", Logits(np.zeros(4, int)), ["conv3"]))
    return Network("residual", Tensor((6, 6, 4), CODES), nodes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("conv1", "layers in turn are named FIRST..LAST, not 'conv1'"),
        ("conv1..none", "no layer is named 'none'; layers are conv1, conv2, sum, act3, conv3"),
        (
            "conv2..conv1",
            "layers in turn are two or more in the order of the network, not conv2..conv1",
        ),
        (
            "conv1..conv1",
            "layers in turn are two or more in the order of the network, not conv1..conv1",
        ),
        (
            "conv1..conv2",
            "layers in turn conv1..conv2 cannot end there: 'sum' reads what 'conv1' gives; "
            "include it, or end with 'conv1'",
        ),
        (
            "act3..conv3",
            "no array computes 'conv3' in turn with others: logits of several pixels leave it",
        ),
    ],
)
def test_what_is_no_run(text, message):
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        runs_of(lower(residual()), {text: None})


def test_runs_do_not_overlap():
    message = "layers in turn conv1..conv3 and conv3..conv5 overlap; leave one out"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        runs_of(lower(DEEP), {"conv1..conv3": None, "conv3..conv5": None})


def test_decisions_about_a_layer_within():
    message = (
        "'conv2' is among the layers in turn conv1..conv3: give its folding as --sequential "
        "conv1..conv3=PExSIMD, and memory and requantizer to 'conv1'"
    )
    for options in ({"foldings": {"conv2": ARRAY}}, {"memories": {"conv2": "lut"}}):
        with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
            plan_for_board(SHORT, "icebreaker", sequential={"conv1..conv3": None}, **options)


def test_the_longest_run_leaves_out_wide_sums_at_its_end():
    layers = lower(references.resnet20(images=2))
    assert str(longest_run(layers)) == "stem..classes"
    pool = next(place for place, layer in enumerate(layers) if layer.name == "pool")
    assert str(longest_run(layers[: pool + 1])) == "stem..stage3_block3_codes"
    assert str(longest_run(lower(DEEP))) == "conv1..dense"
    assert str(longest_run(lower(make_network(1)))) == "conv1..dense"
    assert longest_run(lower(make_network(1))[:1]) is None


def test_a_given_array_has_the_least_behind_it_that_keeps_up():
    plan = fold(SHORT, {"dense": Folding(1, 4)}, sequential={"conv1..conv3": ARRAY})
    (unit, *others) = plan.units
    assert [each.kind for each in plan.units] == ["sequential", "pool", "engine"]
    assert (unit.pe, unit.simd, unit.pixels) == (8, 4, 2)
    assert unit.interval == unit.pace
    same = [each for each in unit.variants({}) if each.interval == unit.interval]
    assert unit.price == min(each.price for each in same)
    assert unit.array_cycles / plan.cycles.interval == plan.array_utilization > 0.5
    assert all(each.array_cycles < unit.array_cycles for each in others)


def test_an_array_without_a_folding():
    message = "the layers in turn conv1..conv3 have no folding; give PE and SIMD for them"
    with pytest.raises(PlanError, match=f"^{message}$"):
        fold(SHORT, {"dense": Folding(1, 4)}, sequential={"conv1..conv3": None})


def test_sizes_that_do_not_fit_each_other():
    message = "PE count of the array of 'conv1' must be a multiple of its SIMD width 4, not 6"
    with pytest.raises(PlanError, match=f"^{message}$"):
        plan_for_board(SHORT, sequential={"conv1..conv3": Folding(6, 4)})


def test_no_choice_is_undercut():
    device = Device("any", ICE40, lut=5280, bram=30)
    (run,) = runs_of(lower(SHORT), {"conv1..conv3": None})
    choices = choices_for_run(run, device)
    assert len({(c.unit.pe, c.unit.simd, c.unit.pixels) for c in choices}) > 5
    assert len({c.unit.form for c in choices}) == 2
    figures = [_figures(each) for each in choices]
    assert not any(
        all(a <= b for a, b in zip(one, other, strict=True)) and one != other
        for one in figures
        for other in figures
    )


def _figures(choice: Choice) -> tuple[float, ...]:
    area: Resources = choice.resources
    return choice.cycles, area.cells, area.bram


@pytest.mark.parametrize(("lut", "in_turn"), [(5280, False), (3000, True)])
def test_layers_take_turns_where_nothing_else_fits(lut, in_turn):
    device = Device("any", ICE40, lut=lut, bram=30)
    plan = fit(DEEP, device)
    assert [unit.kind for unit in plan.units][:1] == ["sequential" if in_turn else "engine"]
    assert plan.resources(ICE40).cells <= ICE40.fill * lut
    if in_turn:
        with pytest.raises(PlanError, match=r"^'deep' does not fit any: it needs about 2"):
            fit(DEEP, device, sequential={})


def test_what_fits_in_no_way_is_refused_for_what_it_needs_side_by_side():
    device = Device("any", ICE40, lut=300, bram=30)
    with pytest.raises(PlanError, match=r"^'deep' does not fit any: ") as asked:
        fit(DEEP, device, sequential={})
    with pytest.raises(PlanError, match=f"^{re.escape(str(asked.value))}$"):
        fit(DEEP, device)


def test_a_plan_keeps_its_layers_in_turn(tmp_path):
    plan = plan_for_board(SHORT, sequential={"conv1..conv3": None})
    save_plan(plan, tmp_path / "plan.json")
    assert load_plan(SHORT, tmp_path / "plan.json") == plan
    changed = refold(plan, memories={"conv1": "lut"}, forms={"conv1": "sequential"})
    (unit, *_), (before, *_) = changed.units, plan.units
    expected = dataclasses.replace(before, memory="lut", form="sequential")
    assert unit.decisions() == expected.decisions()
    message = "'conv2' is among layers in turn, whose memory and requantizer are those of 'conv1'"
    with pytest.raises(PlanError, match=f"^{message}$"):
        refold(plan, memories={"conv2": "lut"})


def test_its_maps_are_in_single_port_memory_where_that_is_decided():
    run = {"conv1..conv3": None}
    plan = plan_for_board(SHORT, "upduino_3", sequential=run)
    assert plan.units[0].memory == "auto"
    plan = plan_for_board(SHORT, "upduino_3", sequential=run, memories={"conv1": "spram"})
    assert plan.units[0].memory == "spram"
    assert plan.resources(ICE40).spram == plan.units[0].simd * 4 // 16


LAYERS = [(node.name, node.op) for node in make_network(3).nodes[:-3]]
LARGER = Network.chain("larger", Tensor((32, 32, 4), CODES), LAYERS)


def test_maps_that_block_rams_do_not_hold_are_in_single_port_memory():
    device = dataclasses.replace(ICE40UP5K, bram=18)
    plan = fit(LARGER, device, sequential={"conv1..conv3": Folding(4, 4, 2)})
    (unit, *_) = plan.units
    assert unit.memory == "spram"
    before = dataclasses.replace(unit, memory="auto")
    assert unit.resources(ICE40).bram < 18 < before.resources(ICE40).bram


@pytest.mark.parametrize(
    ("luts", "brams", "memory", "lanes"),
    [(5280, 30, "auto", 4), (5280, 14, "spram", 4), (1900, 14, "spram", 2)],
)
def test_a_given_array_is_the_fastest_that_fits(luts, brams, memory, lanes):
    board = Target.limited(family="ice40", luts=luts, brams=brams, sprams=1).name
    given = {"conv1..conv3": Folding(4, 4, 2)}
    (unit,) = plan_for_board(LARGER, board, sequential=given).units
    assert (unit.memory, unit.lanes) == (memory, lanes)
    if memory == "spram":
        with pytest.raises(PlanError, match=r"^these foldings need about .* of 14 block RAMs"):
            plan_for_board(LARGER, board, sequential=given, memories={"conv1": "auto"})


LOADABLE = Network.chain(
    "other",
    Tensor((6, 6, 4), CODES),
    [(node.name, node.op) for node in (*make_network(5, 24).nodes[:-3], *SHORT.nodes[-3:])],
)


def test_the_longest_run_is_loadable_with_room_for_others():
    plan = plan_for_board(SHORT, "icebreaker", loadable=[LOADABLE])
    assert [unit.loadable for unit in plan.units] == [True] + [False] * (len(plan.units) - 1)
    assert plan.units[0].store == "spram"
    image = image_of(plan, LOADABLE)
    assert image[:8] == image_of(plan)[:8]
    own = plan_for_board(SHORT, "icebreaker", loadable=[])
    with pytest.raises(PlanError, match=r"^'other' cannot be loaded: "):
        image_of(own, LOADABLE)


def test_a_given_array_is_loadable():
    given = {"foldings": {"dense": Folding(1, 4)}, "sequential": {"conv1..conv3": ARRAY}}
    plan = plan_for_board(SHORT, "ulx3s_25f", loadable=[], **given)
    (unit, *_) = plan.units
    assert (unit.pe, unit.simd, unit.pixels, unit.store) == (8, 4, 2, "block")
    slower = refold(plan, forms={"conv1": "sequential"})
    assert slower.units[0].form == "sequential"
    assert slower.units[0].interval > unit.interval
    assert image_of(slower) != image_of(plan)


@pytest.mark.parametrize(
    ("sequential", "message"),
    [
        (
            {"conv1..conv2": None, "conv4..conv5": None},
            "one array of a plan is loadable, not those of conv1..conv2 and conv4..conv5; leave "
            "out all but one",
        ),
        ({"conv1..none": None}, "no layer is named 'none'; layers are conv1, conv2, "),
    ],
)
def test_what_cannot_be_loadable(sequential, message):
    with pytest.raises(PlanError, match=f"^{re.escape(message)}"):
        plan_for_board(DEEP, loadable=[], sequential=sequential)


def test_no_layers_in_turn_to_load():
    network = Network.chain(
        "dense",
        Tensor((1, 1, 4), CODES),
        [("dense", Dense(np.ones((2, 4), int))), ("logits", Logits([0, 0]))],
    )
    message = "^no array takes two of the layers in turn, so that none is loadable$"
    with pytest.raises(PlanError, match=message):
        plan_for_board(network, loadable=[])
