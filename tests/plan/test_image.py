"""Program images: their bytes, what they are for, and what does not suit the hardware."""

import re
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from threefold.errors import FileFormatError, PlanError
from threefold.fpga import ICE40
from threefold.network import Codes, Network, Tensor, load
from threefold.plan import Folding, fold, image_of, load_plan, lower, reloaded, save_plan
from threefold.plan.image import fingerprint
from threefold.plan.search.fold import plan_of
from threefold.plan.sequential.row_packing import Packing
from threefold.plan.units.sequential import SequentialUnit
from threefold.sim.verification import AcceleratorBench

from ..accelerators import random_images
from ..loadable_networks import loadable_plan, network
from ..nightly import mostly_nightly

ZOO = Path(__file__).parents[2] / "zoo"
SMALL, OTHER, DEEP = network(1), network(2), network(3, depth=4, filters=6)


def test_its_bytes():
    plan = loadable_plan(SMALL)
    program = plan.units[0].program
    image = image_of(plan)
    assert image[:4] == b"TFP1"
    assert image[4:8] == fingerprint(plan)
    assert int.from_bytes(image[8:12], "little") == program.starts[-1]
    assert len(image) == 16 + program.starts[-1] * program.row_bits // 8
    assert int.from_bytes(image[-4:], "little") == zlib.crc32(image[:-4])


def test_weights_are_behind_what_is_copied():
    program = loadable_plan(SMALL).units[0].program
    (first, *_), (start, end, _) = program.contents.tiled, program.starts
    assert start == 0
    rows = program.rows[end - len(first.weights) : end]
    bits = np.unpackbits(rows, axis=1, bitorder="little").reshape(*first.weights.shape, 2)
    assert np.array_equal(bits[..., 0] * (1 - 2 * bits[..., 1].astype(int)), first.weights)


@pytest.mark.parametrize(
    ("bits", "items", "rows"),
    [
        (3, [1, 2, 3], [0b010_001, 0b011]),
        (8, [200, 7], [200, 7]),
        (11, [0x5A3], [0xA3, 5]),
    ],
)
def test_items_share_rows_or_take_several(bits, items, rows):
    assert Packing(bits, 8).rows(items) == rows


def test_hardware_has_its_fingerprint():
    plans = [
        loadable_plan(SMALL),
        loadable_plan(SMALL, DEEP),
        loadable_plan(SMALL, form="sequential"),
        loadable_plan(SMALL, pe=4),
        loadable_plan(network(1, tail=1)),
    ]
    assert len({fingerprint(plan) for plan in plans}) == len(plans)
    assert fingerprint(loadable_plan(OTHER)) == fingerprint(reloaded(loadable_plan(OTHER), OTHER))


def test_networks_with_room_have_the_fingerprint_of_the_hardware():
    plan = loadable_plan(SMALL, DEEP)
    made = reloaded(plan, DEEP)
    assert fingerprint(made) == fingerprint(plan)
    assert image_of(plan, DEEP) == image_of(made)
    assert image_of(plan, SMALL) == image_of(plan)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (DEEP, "it has 63 places in each bank of maps, and the hardware takes 45"),
        (
            network(1, tail=1),
            "'dense' is not among the loadable layers, and is another one than in the hardware",
        ),
    ],
)
def test_networks_that_do_not_suit(made, message):
    message = f"{made.name!r} cannot be loaded: {message}"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        image_of(loadable_plan(SMALL), made)


def test_a_network_of_other_maps():
    wide = Network(SMALL.name, Tensor((3, 3, 2), Codes.unsigned(3)), SMALL.nodes)
    message = "'net1' cannot be loaded: its codes have 3 bits, and those of the hardware 2"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        image_of(loadable_plan(SMALL), wide)


def test_an_array_takes_images_as_a_whole():
    assert loadable_plan(SMALL).ports.whole
    engines = fold(SMALL, {name: Folding(1, 2) for name in ("conv1", "conv2", "dense")})
    assert not engines.ports.whole


def test_a_plan_that_is_not_loadable():
    plan = fold(SMALL, {name: Folding(1, 2) for name in ("conv1", "conv2", "dense")})
    assert not plan.loadable
    message = "^nothing of the plan of 'net1' is loadable; plan with --loadable$"
    with pytest.raises(PlanError, match=message):
        image_of(plan)


def test_one_array_is_loadable():
    layers = lower(DEEP)
    units = [SequentialUnit(layers[n : n + 2], 2, 2).made_loadable() for n in (0, 2)]
    tail = loadable_plan(DEEP).units[-1]
    message = "^one array of a plan is loadable, not 2: conv1, conv3$"
    with pytest.raises(PlanError, match=message):
        plan_of(DEEP, (*units, tail))


def test_a_plan_file_keeps_the_limits(tmp_path):
    plan = loadable_plan(SMALL, DEEP, store="spram")
    save_plan(plan, tmp_path / "plan.json")
    loaded = load_plan(SMALL, tmp_path / "plan.json")
    assert loaded == plan
    assert loaded.units[0].limits["program"] == 16384
    assert image_of(loaded, DEEP) == image_of(plan, DEEP)


def test_a_program_of_half_a_memory_more_takes_three_single_port_rams():
    layers = lower(load(ZOO / "resnet20_jpeg.tern"))[:-1]
    unit = SequentialUnit(layers, 4, 4, pixels=4).made_loadable(store="spram")
    assert unit.program.row_bits == 32
    assert 16384 < unit.program.starts[-1] < unit.limits["program"] == 24576
    assert unit.resources(ICE40).spram == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("next", None), "the limit 'next' of 'conv1' is missing"),
        (("nothing", 1), "the limit 'nothing' of 'conv1' is unknown"),
        (("tiles", 0), "the limit 'tiles' of 'conv1' must be 1…16777216, not 0"),
        (("gap", "2"), "the limit 'gap' of 'conv1' must be 0…32, not '2'"),
        (("groups", 0), "'groups' of 'conv1' is 1, and the hardware takes 0"),
        (("places", 8), "it has 45 places in each bank of maps, and the hardware takes 8"),
        (("accumulator", 4), "its accumulator values have 7 bits, and those of the hardware 4"),
    ],
)
def test_limits_of_a_file_that_cannot_be(change, message, tmp_path):
    plan = loadable_plan(SMALL)
    (name, value), limits = change, plan.units[0].limits
    limits.update({name: value})
    if value is None:
        del limits[name]
    path = tmp_path / "plan.json"
    save_plan(plan, path)
    message = f"{path} is not a usable plan: {message}; plan again"
    with pytest.raises(FileFormatError, match=f"^{re.escape(message)}$"):
        load_plan(SMALL, path)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"form": "parallel"},
            "searches of 'conv1', which is loadable, are pipelined or sequential, not 'parallel'",
        ),
        ({"store": "lut"}, "the program of 'conv1' is in block or spram, not 'lut'"),
    ],
)
def test_choices_that_cannot_be_loadable(more, message):
    with pytest.raises(PlanError, match=f"^{message}$"):
        loadable_plan(SMALL, **more)


@pytest.mark.parametrize("form", mostly_nightly(["pipelined", "sequential"], always=["pipelined"]))
@pytest.mark.parametrize("made", [SMALL, OTHER, DEEP], ids=["own", "other", "deeper"])
def test_hardware_computes_what_is_loaded(form, made):
    hardware = loadable_plan(SMALL, OTHER, DEEP, form=form, pixels=2)
    plan = reloaded(hardware, made)
    images = random_images(np.random.default_rng(0), made, plan.cycles.images + 1)
    AcceleratorBench(plan, hardware=hardware).check(images)


def changed(made: Network, change) -> Network:
    """The same with other weights in each convolution."""
    nodes = []
    for node in made.nodes:
        if node.name.startswith("conv"):
            weights = node.op.weights.copy()
            change(weights)
            node = replace(node, op=replace(node.op, weights=weights))
        nodes.append(node)
    return Network(made.name, made.input, nodes)


def fill(weights):
    weights[weights == 0] = 1


def prune(weights):
    weights[:2, 1, 1, :2] = 0


def test_empty_tiles_stay_where_the_list_of_all_groups_is_too_long():
    full = changed(DEEP, fill)
    hardware = loadable_plan(full)
    plan = reloaded(hardware, changed(full, prune))
    unit = plan.units[0]
    assert [each.dense for each in unit.contents.tiled] == [False, True, True, True]
    images = random_images(np.random.default_rng(0), DEEP, plan.cycles.images + 1)
    AcceleratorBench(plan, hardware=hardware).check(images)
