import dataclasses

import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.network import Codes, Tensor
from threefold.plan import Folding
from threefold.plan.cycle_model import predict
from threefold.plan.layers.layer import ConcatLayer, PadChannelsLayer, PoolLayer
from threefold.plan.netlist import netlist
from threefold.plan.units.concat import ConcatUnit
from threefold.plan.units.engine import EngineUnit
from threefold.plan.units.pad_channels import PadChannelsUnit
from threefold.plan.units.pool import PoolUnit
from threefold.plan.units.window_unit import least_depth, smooth_depth
from threefold.plan.window import Window

from ...accelerators import make_layer

CODES = Codes.unsigned(2)
LAYER = make_layer(np.ones((6, 4)), offsets=np.zeros(6, int))
SLIDING = make_layer(
    np.ones((6, 3, 3, 4)), shape=(5, 6, 4), name="conv1", padding=(1, 1, 1, 1), stride=(1, 2)
)


def make_pool(*, sums=False, channels=6):
    window = Window((4, 6, channels), (2, 2), (2, 2))
    out = Codes.unsigned(4) if sums else CODES
    inputs, output = (Tensor((4, 6, channels), CODES),), Tensor((2, 3, channels), out)
    return PoolLayer("pool1", "pool1", ("input",), inputs, output, window, sums)


def make_concat():
    inputs = Tensor((4, 4, 6), CODES), Tensor((4, 4, 9), CODES)
    output = Tensor((4, 4, 15), CODES)
    return ConcatLayer("concat1", "concat1", ("a", "b"), inputs, output)


def make_pad():
    inputs, output = (Tensor((1, 1, 6), CODES),), Tensor((1, 1, 12), CODES)
    return PadChannelsLayer("pad1", "pad1", ("a",), inputs, output, 4, 2)


def test_cycles_are_tiles():
    plan = EngineUnit((LAYER,), 2, 2, lanes=2, depth=16)
    assert plan.interval == plan.tile_cycles == len(plan.schedule.tiles) == 6
    assert plan.schedule.folding == Folding(2, 2)


def test_a_pixel_takes_as_many_cycles_as_tiles():
    plan = EngineUnit((SLIDING,), 3, 4)
    assert len(plan.program) == 2 * 9
    assert plan.interval == plan.tile_cycles == 5 * 3 * 18
    assert (plan.i_lanes, plan.word_bits, plan.walk.words) == (4, 8, 30)


def test_words_and_beats_take_cycles_too():
    assert EngineUnit((LAYER,), 6, 4).interval == 6
    assert EngineUnit((LAYER,), 6, 4, lanes=6).interval == 1
    pointwise = make_layer(np.ones((1, 1, 1, 4)), shape=(5, 6, 4), stride=(2, 2))
    assert EngineUnit((pointwise,), 1, 4).interval == 30


def test_a_single_port_takes_the_cycles_of_words_from_tiles():
    dual, single = (EngineUnit((SLIDING,), 3, 4, memory=name) for name in ("auto", "spram"))
    assert single.interval == dual.interval + 30
    dual, single = (PoolUnit((make_pool(),), 2, memory=name) for name in ("auto", "spram"))
    assert (dual.interval, single.interval) == (72, 72 + 72)


@pytest.mark.parametrize(
    ("folding", "lanes", "form", "decoupled"),
    [
        ((6, 2), 6, "pipelined", True),  # two tiles a result, one beat
        ((6, 2), 3, "pipelined", False),
        ((6, 1), 2, "pipelined", True),
        ((6, 1), 1, "pipelined", False),
        ((6, 4), 6, "pipelined", False),
        ((6, 4), 1, "sequential", True),
        ((6, 4), 6, "sequential", True),
    ],
)
def test_an_array_stalls_on_a_register_where_that_takes_no_cycle(
    folding, lanes, form, decoupled, monkeypatch
):
    thresholds = np.sort(np.random.default_rng(0).integers(0, 30, (6, 3)), axis=1)
    layer = make_layer(np.ones((6, 4)), thresholds=thresholds)
    plan = EngineUnit((layer,), *folding, lanes=lanes, form=form)
    assert plan.decoupled is decoupled
    cycles = predict(netlist((plan,), {}).stages)
    for forced in (False, True):
        monkeypatch.setattr(EngineUnit, "decoupled", forced)
        same = predict(netlist((dataclasses.replace(plan),), {}).stages) == cycles
        assert same is (not forced or decoupled)


def test_depth_follows_from_the_window():
    walk = EngineUnit((SLIDING,), 3, 4).walk
    assert (walk.least_depth, walk.smooth_depth) == (15, 17)
    assert (least_depth(walk), smooth_depth(walk, 9)) == (16, 32)
    assert EngineUnit((SLIDING,), 3, 4).depth == 32
    assert EngineUnit((SLIDING,), 3, 2).depth == 64
    assert EngineUnit((SLIDING,), 3, 4, depth=64).depth == 64


@pytest.mark.parametrize(("simd", "depth"), [(4, 4), (2, 8), (1, 16)])
def test_a_word_in_each_cycle_takes_one_more(simd, depth):
    plan = EngineUnit((LAYER,), 6, simd, lanes=6)
    assert (plan.depth, plan.walk.smooth_depth) == (depth, depth // 2)
    assert predict(netlist((plan,), {}).stages).interval == plan.interval == plan.walk.words
    smaller = EngineUnit((LAYER,), 6, simd, lanes=6, depth=depth // 2)
    assert predict(netlist((smaller,), {}).stages).interval > plan.interval
    assert EngineUnit((LAYER,), 3, simd).depth == depth // 2


def test_an_engine_is_named_like_its_layer():
    plan = EngineUnit((LAYER,), 2, 2)
    assert (plan.name, plan.layers) == ("fc1", (LAYER,))
    assert PoolUnit((make_pool(),)).name == "pool1"
    assert ConcatUnit((make_concat(),)).name == "concat1"


def test_a_pool_reads_channel_after_channel():
    program = PoolUnit((make_pool(channels=4),), 2).program
    assert list(zip(program.rows.tolist(), program.columns.tolist(), strict=True)) == [
        *[(0, 0), (0, 2), (1, 0), (1, 2)],
        *[(0, 1), (0, 3), (1, 1), (1, 3)],
    ]
    assert program.last.tolist() == [False, False, False, True] * 2
    assert (program.height, program.width, program.results) == (2, 4, 2)


def test_figures_of_a_pool():
    plan = PoolUnit((make_pool(),), 3)
    assert (plan.i_lanes, plan.word_bits) == (3, 6)
    assert plan.interval == 2 * 3 * 8
    assert plan.depth == smooth_depth(plan.walk, 8)


def test_figures_of_other_steps():
    plan = ConcatUnit((make_concat(),), 3)
    assert (plan.i_lanes, plan.interval) == (3, 16 * 5)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"pe": 4, "simd": 2},
            r"^PE count of 'fc1' must divide 6 rows, not 4; divisors are 1, 2, 3, 6$",
        ),
        ({"lanes": 2}, r"^output lanes of 'fc1' must divide 3 PEs, not 2$"),
        ({"lanes": 0}, r"^output lanes of 'fc1' must divide 3 PEs, not 0$"),
        (
            {"depth": 1},
            r"^activation buffer of 'fc1' must be a power of two of at least 2 words, not 1$",
        ),
        (
            {"depth": 6},
            r"^activation buffer of 'fc1' must be a power of two of at least 2 words, not 6$",
        ),
        (
            {"depth": -2},
            r"^activation buffer of 'fc1' must be a power of two of at least 2 words, not -2$",
        ),
        (
            {"layers": (SLIDING,), "pe": 3, "simd": 4, "depth": 8},
            r"^activation buffer of 'conv1' must be a power of two of at least 16 words, not 8$",
        ),
        (
            {"memory": "dram"},
            r"^memory of 'fc1' must be one of auto, lut, block, split, spram, not 'dram'$",
        ),
    ],
)
def test_refuses(parameters, message):
    with pytest.raises(PlanError, match=message):
        EngineUnit(**{"layers": (LAYER,), "pe": 3, "simd": 2, **parameters})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: PoolUnit((make_pool(),), 4),
            r"^lanes of 'pool1' must divide 6 channels, not 4$",
        ),
        (
            lambda: PoolUnit((make_pool(),), 3, depth=8),
            r"^activation buffer of 'pool1' must be a power of two of at least 16 words, not 8$",
        ),
        (
            lambda: PoolUnit((make_pool(),), 3, memory=""),
            r"^memory of 'pool1' must be one of auto, lut, block, split, spram, not ''$",
        ),
        (
            lambda: ConcatUnit((make_concat(),), 2),
            r"^lanes of 'concat1' must divide 3 channels, not 2$",
        ),
        (
            lambda: ConcatUnit((make_concat(),), 0),
            r"^lanes of 'concat1' must divide 3 channels, not 0$",
        ),
        (
            lambda: PadChannelsUnit((make_pad(),), 3),
            r"^lanes of 'pad1' must divide 2 channels, not 3$",
        ),
    ],
)
def test_other_steps_refuse(make, message):
    with pytest.raises(PlanError, match=message):
        make()
