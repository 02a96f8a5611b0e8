# amaranth: UnusedElaboratable=no

import random

import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.hw.argmax import ArgMax
from threefold.sim.verification import pass_through


def winners(images, *, bits=8, stalls=0.0, seed=0):
    argmax = ArgMax(channels=len(images[0]), bits=bits)
    beats = [(logit,) for image in images for logit in image]
    return pass_through(argmax, beats, len(images), stalls=stalls, seed=seed)


@pytest.mark.parametrize(
    ("image", "winner"),
    [
        ([3, 1, 2], 0),
        ([1, 3, 2], 1),
        ([1, 2, 3], 2),
        ([-3, -1, -2], 1),
        ([-128, -128, -127], 2),
        ([-128, -128, -128], 0),
        ([127, -128, 127], 0),
        ([0, 0, 0], 0),
        ([-1, 0, 0], 1),
        ([0, 127], 1),
        ([127, 0], 0),
    ],
)
def test_the_lowest_index_of_the_largest(image, winner):
    assert winners([image]).beats == [(winner,)]


@pytest.mark.parametrize("stalls", [0.0, 0.3, 0.7])
@pytest.mark.parametrize("channels", [2, 3, 4, 5, 8, 10, 17])
def test_random_images(channels, stalls):
    rng = random.Random(channels)
    images = [[rng.randint(-4, 3) for _ in range(channels)] for _ in range(30)]
    traffic = winners(images, bits=3, stalls=stalls, seed=channels)
    assert [winner for (winner,) in traffic.beats] == np.argmax(images, axis=1).tolist()


@pytest.mark.parametrize("channels", [2, 3, 10])
def test_one_index_a_cycle_after_each_last_logit(channels):
    traffic = winners([list(range(channels))] * 5)
    assert traffic.left == [channels * (n + 1) for n in range(5)]


def test_parameters_are_attributes():
    argmax = ArgMax(channels=10, bits=7)
    assert (argmax.channels, argmax.bits) == (10, 7)


@pytest.mark.parametrize("channels", [0, 1])
def test_refuses(channels):
    message = rf"^arg-max needs at least 2 channels to choose from, not {channels}$"
    with pytest.raises(PlanError, match=message):
        ArgMax(channels=channels, bits=8)
