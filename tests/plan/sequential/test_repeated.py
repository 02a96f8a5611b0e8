import numpy as np
import pytest

from threefold.network import Codes, Conv, Dense, Logits, Network, SumPool, Tensor, Threshold
from threefold.plan import lower
from threefold.plan.search.fold import plan_of
from threefold.plan.sequential import Feed
from threefold.plan.sequential.repeated import RepeatedTiles
from threefold.plan.sequential.tiles import PassTiles
from threefold.plan.units.streamed import StreamedUnit
from threefold.sim.verification import AcceleratorBench

from ...accelerators import random_images
from ...random_feeds import least_room

RNG = np.random.default_rng(4)


def network(width: int, channels: int = 8) -> Network:
    """A convolution, the sums of its map, and a classifier whose weights are 0 in some words."""
    weights = RNG.integers(-1, 2, (7, channels))
    weights[:4, 2:4] = 0
    ops = [
        ("conv", Conv(RNG.integers(-1, 2, (channels, 3, 3, 2)), padding=(1, 1, 1, 1))),
        ("codes", Threshold(np.sort(RNG.integers(-6, 7, (channels, 3)), axis=1))),
        ("pool", SumPool((3, width), (1, 1))),
        ("dense", Dense(weights)),
        ("logits", Logits(RNG.integers(-9, 10, 7))),
    ]
    return Network.chain("sums", Tensor((3, width, 2), Codes.unsigned(2)), ops)


def unit(made: Network, pixels: int) -> StreamedUnit:
    sizes = {"pixels": pixels, "feed": Feed(16).to_dict()}
    return least_room(StreamedUnit(lower(made), 4, 2, **sizes).made_loadable())


@pytest.mark.parametrize("reads_first", ["lists", "weights", "jumps"])
def test_each_word_has_one_row_of_weights(reads_first):
    for each in unit(network(5), 3).contents.tiled[2:]:
        plain = PassTiles(each.work, each.array)
        made = RepeatedTiles(each.work, each.array)
        getattr(made, reads_first)
        rows = np.cumsum(made.jumps) - made.jumps
        places = map(tuple, made.lists[0].tolist())
        found = {tile: made.weights[row] for tile, row in zip(places, rows, strict=True)}
        plain_places = map(tuple, plain.lists[0].tolist())
        expected = dict(zip(plain_places, plain.weights, strict=True))
        assert found.keys() == expected.keys()
        assert all(np.array_equal(found[tile], expected[tile]) for tile in found)
        assert 3 * len(made.weights) == len(plain.weights)


@pytest.mark.parametrize(("width", "pixels"), [(5, 3), (4, 4), (2, 3)])
def test_they_are_added_up(width, pixels):
    made = network(width)
    array = unit(made, pixels)
    assert isinstance(array.contents.tiled[-1], RepeatedTiles)
    images = random_images(np.random.default_rng(0), made, 3)
    AcceleratorBench(plan_of(made, (array,))).check(images)
