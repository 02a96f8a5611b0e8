import dataclasses
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.boards import get
from threefold.errors import PlanError
from threefold.fpga import FAMILIES, Device, Resources
from threefold.fpga.ecp5 import ECP5
from threefold.fpga.ice40 import ICE40
from threefold.network import (
    ArgMax,
    Codes,
    Conv,
    Dense,
    Logits,
    MaxPool,
    Network,
    Tensor,
    Threshold,
    load,
)
from threefold.plan import Folding, fit, fold, require_room

from ...accelerators import CODES, engines, random_network
from ...nightly import mostly_nightly

ZOO = Path(__file__).parents[3] / "zoo"
SMALL = Device("icebreaker", ICE40, lut=5280, bram=30)
LARGE = Device("ulx3s_85f", ECP5, lut=83640, bram=208)


def make_network(*widths, bits=4, argmax=True):
    rng = np.random.default_rng(0)
    ops = []
    for layer, (columns, rows) in enumerate(pairwise(widths), 1):
        ops.append((f"fc{layer}", Dense(rng.integers(-1, 2, (rows, columns)))))
        if layer < len(widths) - 1:
            thresholds = rng.integers(-30, 30, (rows, 2**bits - 1))
            ops.append((f"act{layer}", Threshold(np.sort(thresholds, axis=1))))
    ops.append(("logits", Logits(np.zeros(rows, int))))
    if argmax:
        ops.append(("argmax", ArgMax()))
    return Network.chain("sample", Tensor((1, 1, widths[0]), Codes.unsigned(bits)), ops)


DIGITS = make_network(64, 64, 64, 10)

devices = st.builds(
    Device,
    st.just("any"),
    st.sampled_from([ICE40, ECP5]),
    lut=st.integers(400, 6000),
    bram=st.integers(2, 40),
)
fills = st.sampled_from([0.6, 0.75, 1.0])
networks = st.builds(
    lambda seed, codes: random_network(np.random.default_rng(seed), CODES[codes]),
    st.integers(0, 2**32),
    st.sampled_from(["unsigned1", "unsigned4", "ternary", "signed8"]),
)


def planned(network, device, **options):
    try:
        return fit(network, device, **options)
    except PlanError:
        return None


@given(networks, devices, fills)
def test_a_plan_fits_its_device(network, device, fill):
    plan = planned(network, device, fill=fill)
    if plan:
        total = plan.resources(device.family)
        assert total.cells <= fill * device.lut
        assert total.bram < device.bram


@given(networks, devices, fills, st.integers(0, 3000), st.integers(0, 20))
@settings(max_examples=40)
def test_more_room_is_at_most_slower_by_what_layers_wait(network, device, fill, luts, blocks):
    more = dataclasses.replace(device, lut=device.lut + luts, bram=device.bram + blocks)
    small, large = (planned(network, each, fill=fill, fastest=True) for each in (device, more))
    if small:
        assert large.cycles.interval <= 1.5 * small.cycles.interval


@given(networks, st.integers(10, 400))
@settings(max_examples=50)
def test_interval_is_kept(network, interval):
    plan = planned(network, LARGE, interval=interval)
    if plan:
        assert plan.cycles.interval <= interval


@pytest.mark.parametrize("seed", [53, 94, 96])
def test_interval_is_kept_by_layers_that_wait_for_each_other(seed):
    network = random_network(np.random.default_rng(seed), CODES["unsigned4"])
    assert fit(network, LARGE, interval=12).cycles.interval <= 12


@pytest.mark.parametrize("interval", [64, 100, 512, 4096])
def test_interval_on_a_small_device(interval):
    assert fit(DIGITS, SMALL, interval=interval).cycles.interval <= interval


@pytest.mark.parametrize("family", mostly_nightly(FAMILIES.values(), always=[ECP5]))
def test_more_room_is_never_slower(family):
    sizes = [(2400, 25), (3000, 25), (3500, 30), (5280, 30), (7680, 32), (20000, 60), (83640, 208)]
    devices = [Device("any", family, lut=lut, bram=bram) for lut, bram in sizes]
    plans = [fit(DIGITS, device, fastest=True) for device in devices]
    intervals = [plan.cycles.interval for plan in plans]
    assert intervals == sorted(intervals, reverse=True)
    assert intervals[0] > 10 * intervals[-1]


def test_longer_interval_takes_less():
    intervals = (64, 128, 512, 4096)
    plans = [fit(DIGITS, SMALL, interval=interval) for interval in intervals]
    cells = [plan.resources(ICE40).cells for plan in plans]
    assert cells == sorted(cells, reverse=True)
    assert cells[0] > 2 * cells[-1]


def test_larger_board_is_faster():
    small, large = (fit(DIGITS, device, fastest=True) for device in (SMALL, LARGE))
    assert small.cycles.interval == 64
    assert large.cycles.interval == 10


def with_input(*codes, size=12):
    """A layer of a map behind what makes codes of its pixels."""
    rng = np.random.default_rng(0)
    ops = [(f"codes{index}", each) for index, each in enumerate(codes)]
    ops += [
        ("fc", Conv(rng.integers(-1, 2, (16, size, size, 1)))),
        ("logits", Logits(np.zeros(16, int))),
    ]
    return Network.chain("sample", Tensor((size, size, 1), Codes.unsigned(8)), ops)


def test_pixels_of_a_vector_enter_side_by_side():
    made = fit(with_input(Threshold([[10, 100, 200]])), LARGE)
    assert made.units[0].o_lanes > 1
    assert made.cycles.interval < 144


def test_arrays_are_no_faster_than_what_feeds_them():
    network = with_input(MaxPool((1, 1), (1, 1)))  # takes a pixel a cycle
    made = fit(network, LARGE, fastest=True)
    assert made.cycles.interval == 144
    assert engines(made)[0].interval > 100


def test_binary_weights_are_signs():
    rng = np.random.default_rng(0)
    ops = []
    for layer, (columns, rows) in enumerate(pairwise((768, 128, 64, 10)), 1):
        ops.append((f"fc{layer}", Dense(rng.choice([-1, 1], (rows, columns)))))
        if layer < 3:
            ops.append((f"act{layer}", Threshold(np.zeros((rows, 1), int), 2, -1)))
    ops += [("logits", Logits(np.zeros(10, int))), ("argmax", ArgMax())]
    made = fit(Network.chain("signs", Tensor((1, 1, 768), Codes.bipolar()), ops), SMALL)
    assert engines(made)[0].schedule.weight_bits == 768 * 128


def test_lanes_suit_the_words_that_are_read():
    network = with_input(Threshold([[10, 100, 200]]), size=14)  # 196 pixels: 4 × 49
    plan = fold(network, {"fc": Folding(8, 7)})
    assert plan.units[0].o_lanes % 7 == 0
    assert plan.cycles.interval == engines(plan)[0].tile_cycles


def test_same_plan_again():
    assert fit(DIGITS, SMALL) == fit(DIGITS, SMALL)


def test_progress():
    calls = []
    fit(DIGITS, SMALL, progress=lambda *call: calls.append(call))
    foldings = [share for what, share in calls if what == "foldings"]
    assert foldings == [0, pytest.approx(1 / 3), pytest.approx(2 / 3), 1]


@pytest.mark.parametrize(
    ("network", "options", "message"),
    [
        (
            make_network(512, 256, 10),
            {},
            "'sample' does not fit icebreaker: it needs about 854 logic cells and 82 block "
            "RAMs, and a plan takes at most 29 of 30 block RAMs; choose a bigger board or a "
            "smaller network",
        ),
        (
            DIGITS,
            {"interval": 16},
            "'sample' does not fit icebreaker: it needs about 11,489 logic cells and 5 block "
            "RAMs, and a plan takes at most 3,432 of 5,280 logic cells; choose a bigger "
            "board, a longer interval or a smaller network",
        ),
        (
            DIGITS,
            {"interval": 9},
            r"an interval of 9 cycles is out of reach: 'sample' takes at least 10",
        ),
        (DIGITS, {"interval": 0}, r"an interval must be at least 1 cycle, not 0"),
        (
            DIGITS,
            {"interval": 64, "fastest": True},
            r"the fastest plan has no interval to keep; leave 64 out",
        ),
        (DIGITS, {"interval": -3}, r"an interval must be at least 1 cycle, not -3"),
    ],
)
def test_refusals(network, options, message):
    with pytest.raises(PlanError, match=f"^{message}$"):
        fit(network, SMALL, **options)


def test_far_too_large_network_is_refused_at_once(monkeypatch):
    monkeypatch.setattr(Folding, "check", None)  # no folding is looked at
    matrix = np.ones((2048, 2048), np.int8)
    matrix[0] = 0
    ops = [("fc1", Dense(matrix)), ("logits", Logits(np.zeros(2048, int)))]
    network = Network.chain("large", Tensor((1, 1, 2048), Codes.unsigned(1)), ops)
    message = (
        "'large' does not fit icebreaker: its weights that are not 0 take 4,192,256 bits, and "
        "there are 207,360 in block RAMs and LUTs; choose a bigger board or a smaller network"
    )
    with pytest.raises(PlanError, match=f"^{message}$"):
        fit(network, SMALL)


def test_given_foldings_have_to_find_room():
    require_room(Resources(5000, 33, ff=1000), SMALL)
    message = (
        r"^these foldings need about 40,041 of 5,280 logic cells and 0 of 30 block RAMs on "
        r"icebreaker; choose smaller PE/SIMD$"
    )
    with pytest.raises(PlanError, match=message):
        require_room(Resources(40041, 0), SMALL)
    with pytest.raises(PlanError, match=r"^these foldings need about 6,400 of 5,280 logic cells"):
        require_room(Resources(5000, 0, ff=1400), SMALL)
    with pytest.raises(
        PlanError, match=r"^these foldings need about 1 of 5,280 logic cells and 34 of 30"
    ):
        require_room(Resources(1, 34), SMALL)
    message = (
        "^these memories need 5 of 4 single-port RAMs on icebreaker; "
        "choose another for some activation buffers$"
    )
    with pytest.raises(PlanError, match=message):
        require_room(Resources(1, 2, spram=5), dataclasses.replace(SMALL, spram=4))
    message = (
        "^these foldings need about 90,001 of 83,640 flip-flops on ulx3s_85f; "
        "choose smaller PE/SIMD$"
    )
    with pytest.raises(PlanError, match=message):
        require_room(Resources(1, 2, surplus=90_000), dataclasses.replace(LARGE, ff=83_640))


def test_flip_flops_are_a_limit():
    network = make_network(60, 40, 5)
    plan = fit(network, LARGE, fastest=True)
    needed = plan.resources(ECP5).flip_flops
    device = dataclasses.replace(LARGE, ff=int(needed))
    slower = fit(network, device, fastest=True)
    assert slower.cycles.interval > plan.cycles.interval
    assert slower.resources(ECP5).flip_flops <= 0.88 * device.ff
    few = dataclasses.replace(LARGE, ff=300)
    message = (
        r"^'.*' does not fit ulx3s_85f: it needs about .* logic cells.* and "
        r"[0-9,]+ flip-flops, and a plan takes at most 264 of 300 flip-flops; "
        r"choose a bigger board or a smaller network$"
    )
    with pytest.raises(PlanError, match=message):
        fit(network, few, sequential={})


def test_large_buffers_go_to_single_port_ram():
    """4,096 words of 8 bits are 8 block RAMs; SPRAM takes a cycle a word beside those of tiles."""
    rng = np.random.default_rng(0)
    ops = [
        ("conv", Conv(rng.integers(-1, 2, (4, 8, 8, 1)), (8, 8))),
        ("act", Threshold(np.sort(rng.integers(-90, 90, (4, 3)), axis=1))),
        ("fc", Dense(rng.integers(-1, 2, (2, 512)), (4, 32, 4))),
        ("logits", Logits([0, 0])),
    ]
    network = Network.chain("sample", Tensor((32, 256, 1), Codes.unsigned(8)), ops)
    roomy = dataclasses.replace(SMALL, spram=4)
    plans = [fit(network, device, interval=31000) for device in (SMALL, roomy)]
    assert [engines(plan)[0].memory for plan in plans] == ["auto", "spram"]
    assert plans[1].cycles.interval <= 31000
    blocks = [plan.resources(ICE40).bram for plan in plans]
    assert blocks[0] - blocks[1] == 8
    assert engines(fit(network, roomy, interval=23000))[0].memory == "auto"


@pytest.mark.parametrize(
    ("spram", "bram", "memories"),
    [
        (4, 11, ["auto", "auto", "auto"]),
        (4, 8, ["spram", "spram", "spram"]),
        (0, 10, ["auto", "lut", "auto"]),
    ],
)
def test_buffers_make_room_where_block_rams_run_out(spram, bram, memories):
    device = dataclasses.replace(SMALL, bram=bram, spram=spram)
    plan = fit(DIGITS, device, interval=10_000)
    assert [engine.memory for engine in engines(plan)] == memories
    assert plan.resources(ICE40).bram == bram - 1
    assert plan.cycles.interval <= 10_000


def test_a_buffer_stays_where_it_is_asked_for():
    device = dataclasses.replace(SMALL, bram=8, spram=4)
    message = "'sample' does not fit icebreaker with these choices: it needs about "
    with pytest.raises(PlanError, match=message):
        fit(DIGITS, device, memories={"fc1": "block", "fc2": "block"})


def test_wide_inputs_and_codes_of_8_bits():
    """Thresholds alone would be 100 block RAMs."""
    rng = np.random.default_rng(0)
    ops, columns = [], 600
    for layer in range(1, 4):
        # What batch normalization leaves: three standard deviations to each side take all codes.
        ops.append((f"fc{layer}", Dense(rng.integers(-1, 2, (64, columns)))))
        spread = 127 * np.sqrt(columns * 2 / 3) * rng.uniform(0.8, 1.2, (64, 1))
        points = np.ceil(spread * np.linspace(-3, 3, 255) + rng.normal(0, spread / 4, (64, 1)))
        ops.append((f"act{layer}", Threshold(points.astype(int))))
        columns = 64
    ops += [("fc4", Dense(rng.integers(-1, 2, (1, 64)))), ("logits", Logits([0]))]
    network = Network.chain("wide", Tensor((1, 1, 600), Codes.unsigned(8)), ops)
    plan = fit(network, get("icebreaker").device, board="icebreaker")
    assert plan.resources(ICE40).bram <= 29
    assert {unit.form for unit in engines(plan)[:3]} == {"divider"}
    fastest = fit(network, get("icebreaker").device, fastest=True)
    assert next(each.taken for each in fastest.alternatives)


@pytest.mark.nightly
def test_fifos_before_joins_find_room():
    """The units that are cheapest fit without them only."""
    board = get("ulx3s_85f")
    plan = fit(load(ZOO / "resnet20_jpeg.tern"), board.device, interval=9_216)
    total = plan.resources(ECP5)
    assert plan.cycles.interval <= 9_216
    assert total.cells <= ECP5.fill * board.device.lut
    assert total.bram < board.device.bram
