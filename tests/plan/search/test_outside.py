"""Plans whose weights come from a memory outside: which array, what is in front, and refusals."""

import re

import numpy as np
import pytest

from threefold.boards import get
from threefold.errors import PlanError
from threefold.fpga import Device
from threefold.fpga.ecp5 import ECP5
from threefold.network import Codes, Conv, Dense, Logits, MaxPool, Network, Tensor, Threshold
from threefold.plan import Folding, lower
from threefold.plan.search.outside import fit_outside
from threefold.plan.search.outside_arrays import TileCounts, array_sizes
from threefold.plan.search.pareto import fits
from threefold.plan.sequential import Feed, passes_of
from threefold.plan.units.streamed import StreamedUnit

from ...split_family import SPLIT

CODES = Codes.unsigned(2)
BOARD = get("ulx3s_85f")
DEVICE = BOARD.device
FEED = Feed(16, first=20, extra=12, most=512)
SAME = {"padding": (1, 1, 1, 1)}


def deep(channels=16, layers=3, *, size=8, sparse=0.0, classes=3):
    """A convolution and its pool, others on a map of size×size, and a classifier."""
    rng, ops = np.random.default_rng(3), []
    before = 1
    for number in range(1, layers + 2):
        weights = rng.integers(-1, 2, (channels, 3, 3, before))
        weights[rng.random(weights.shape) < sparse] = 0
        ops.append((f"conv{number}", Conv(weights, **SAME)))
        ops.append((f"act{number}", Threshold(np.sort(rng.integers(-9, 9, (channels, 3)), 1))))
        if number == 1:
            ops.append(("pool", MaxPool((2, 2), (2, 2))))
        before = channels
    ops.append(
        ("dense", Dense(rng.integers(-1, 2, (classes, size**2 * channels)), (size, size, channels)))
    )
    ops.append(("logits", Logits(np.arange(classes) % 3)))
    return Network.chain("deep", Tensor((2 * size, 2 * size, 1), CODES), ops)


NETWORK = deep()


def planned(network=NETWORK, feeds=None, device=DEVICE, **options):
    return fit_outside(network, device, feeds or {FEED: 50.0}, **options)


@pytest.fixture(scope="module")
def best():
    return planned()


def test_the_first_layer_takes_the_next_image_meanwhile(best):
    array = best.streamed
    kinds = [unit.kind for unit in best.units]
    assert kinds == ["engine", "pool", "streamed"]
    assert [layer.name for layer in array.layers][-1] == "dense"
    assert fits(best.resources(ECP5), DEVICE, ECP5.fill)
    assert array.opens
    assert all(unit.interval <= array.interval - array.opens for unit in best.units[:-1])
    assert best.cycles.interval == array.interval


def test_weights_come_five_to_a_byte_where_rows_are_shorter_by_it():
    for folding, per_byte in ((Folding(8, 8), 5), (Folding(4, 2), 4)):
        array = planned(sequential={"conv2..dense": folding}).streamed
        assert (array.weights_per_byte, array.pe, array.simd) == (
            per_byte,
            folding.pe,
            folding.simd,
        )


def on_blocks(bram, **options):
    device = Device("parts", SPLIT, 200_000, bram)
    return planned(deep(4, 2, size=9), device=device, **options).streamed


def test_maps_are_in_parts_where_block_ram_is_short():
    enough, short = on_blocks(500), on_blocks(240)
    assert (enough.memory, short.memory) == ("auto", "split")
    assert short.array == enough.array


def test_an_array_that_is_given_has_its_maps_in_parts_where_block_ram_is_short():
    given = {"conv2..dense": Folding(2, 2, 2)}
    assert on_blocks(500, sequential=given).memory == "auto"
    assert on_blocks(390, sequential=given).memory == "split"
    assert on_blocks(390, sequential=given, memories={"conv2": "block"}).memory == "block"
    assert on_blocks(100, sequential=given).memory == "auto"  # as neither fits


def test_a_slower_plan_for_an_interval_takes_less(best):
    asked = 3 * int(best.cycles.interval)
    slow = planned(interval=asked)
    assert best.cycles.interval < slow.cycles.interval <= asked
    assert slow.resources(ECP5).cells < best.resources(ECP5).cells


def test_layers_and_array_that_are_given():
    made = planned(sequential={"conv2..conv4": Folding(4, 2, 2)}, forms={"conv2": "sequential"})
    array = made.streamed
    assert (array.pe, array.simd, array.pixels, array.form) == (4, 2, 2, "sequential")
    assert [layer.name for layer in array.layers] == ["conv2", "conv3", "conv4"]
    assert [unit.name for unit in made.units] == ["conv1", "pool", "conv2", "dense"]


def test_foldings_of_other_layers_are_kept():
    made = planned(foldings={"conv1": Folding(4, 1)})
    assert (made.units[0].pe, made.units[0].simd) == (4, 1)


def test_the_clock_counts_not_the_cycles_alone():
    slow, fast = Feed(32, first=20, extra=12, most=512), FEED
    assert planned(feeds={slow: 5.0, fast: 50.0}).streamed.feed == fast.to_dict()
    assert planned(feeds={slow: 50.0, fast: 50.0}).streamed.feed == slow.to_dict()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"feeds": {Feed(16, holds=1000): 50.0}}, r"the program of 'conv\d' has [\d,]+ bytes, and "
         r"the memory that it comes from 2,000; choose a smaller network"),
        ({"device": Device("tiny", ECP5, 300, 3)}, r"'deep' does not fit tiny with its weights "
         r"outside: it needs about [\d,]+ logic cells and \d+ block RAMs, and a plan takes at most "
         r".*; choose a bigger board or a smaller network"),
        ({"interval": 300}, "an interval of 300 cycles is out of reach on LFE5U-85F with weights "
         "outside; choose a longer one"),
        ({"sequential": {"conv2..conv4": Folding(3, 2)}}, "PE count of the array of 'conv2' must "
         "be a multiple of its SIMD width 2, not 3"),
        ({"sequential": {"conv2..conv3": None, "conv4..dense": None}}, "one array of a plan is "
         "loadable, not those of .*"),
        ({"foldings": {"conv9": Folding(1, 1)}}, "no layer is named 'conv9'; layers are .*"),
        ({"kinds": ["none"]}, "there is no kind .*|.*'none'.*"),
    ],
)  # fmt: skip
def test_what_cannot_be(options, message):
    with pytest.raises(PlanError, match=f"^{message}$"):
        planned(**options)


def test_a_network_without_layers_in_turn():
    ops = [("dense", Dense(np.ones((2, 4), int))), ("logits", Logits([0, 0]))]
    message = "no array takes two of the layers in turn, so that no weights are outside"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        planned(Network.chain("one", Tensor((1, 1, 4), CODES), ops))


@pytest.mark.parametrize("sparse", [0.0, 0.9])
@pytest.mark.parametrize(("pe", "simd"), [(1, 1), (4, 2), (6, 3), (32, 16)])
def test_tiles_are_counted(pe, simd, sparse):
    (work, *_) = passes_of(lower(deep(sparse=sparse))[2:])
    unit = StreamedUnit(lower(deep(sparse=sparse))[2:], pe, simd, feed=FEED.to_dict())
    own = [each for each in unit.contents.tiled if each.work.name == work.name]
    assert TileCounts().of(work, pe, simd).tolist() == [sum(each.lengths) for each in own]


def test_estimates_are_near():
    layers = lower(deep(32, 4))[2:]
    fixed = {"pe": 8, "simd": 4, "pixels": 2}
    for feed in (FEED, Feed(128)):
        (size,) = array_sizes(passes_of(layers), fixed, feed, DEVICE, 0.75, TileCounts())
        array = StreamedUnit(layers, **size.decisions, feed=feed.to_dict()).made_loadable()
        assert size.cycles == pytest.approx(array.interval, rel=0.1)
