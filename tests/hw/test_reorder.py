# amaranth: UnusedElaboratable=no

import re
from math import prod

import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.hw.reorder import Reorder
from threefold.sim.verification import lockstep, pass_through

SIZES = [(1, 1, 1), (2, 2, 1), (2, 3, 1), (3, 2, 2), (1, 4, 2), (4, 1, 3), (4, 3, 2)]


class Model:
    """State: beats of the block that enters and that leaves, and whether one is at the output."""

    def __init__(self, groups):
        self._size = prod(groups)
        self._entered = self._left = 0
        self._loaded = False

    @property
    def _takes(self):
        return self._entered == self._size and not self._left

    def valid(self, i_valid):
        return [self._loaded]

    def ready(self, i_valid, o_ready):
        return [self._entered < self._size or self._takes]

    def tick(self, i_valid, o_ready):
        accept = i_valid[0] and self.ready(i_valid, o_ready)[0]
        takes, moves = self._takes, not self._loaded or o_ready[0]
        if moves:
            self._loaded = self._left > 0
            self._left -= self._loaded
        if takes:
            self._entered, self._left = 0, self._size
        self._entered += accept


def make(groups):
    return Reorder(8, lanes=2, groups=groups)


def numbered(count):
    return [(n % 256, n // 256) for n in range(count)]


def reordered(beats, groups):
    blocks = np.array(beats).reshape(-1, *groups, 2)
    return [tuple(beat) for beat in blocks.transpose(0, 2, 1, 3, 4).reshape(-1, 2).tolist()]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("groups", SIZES)
def test_every_cycle_is_the_models(groups, seed):
    entered, left = lockstep(make(groups), Model(groups), cycles=500, seed=seed)
    size = prod(groups)
    blocks = -(-len(left["o"]) // size)
    assert blocks > 3
    assert left["o"] == reordered(entered["i"][: blocks * size], groups)[: len(left["o"])]


@pytest.mark.parametrize("stalls", [0.0, 0.5])
@pytest.mark.parametrize("groups", SIZES)
def test_pixels_leave_one_by_one(groups, stalls):
    beats = numbered(6 * prod(groups))
    traffic = pass_through(make(groups), beats, len(beats), stalls=stalls)
    assert traffic.beats == reordered(beats, groups)


@pytest.mark.parametrize("groups", SIZES)
def test_a_block_takes_its_beats_and_a_cycle(groups):
    size = prod(groups)
    traffic = pass_through(make(groups), numbered(8 * size), 8 * size)
    assert set(np.diff(traffic.left[size - 1 :: size])) == {size + 1}


def test_parameters_are_attributes():
    assert make((4, 3, 2)).groups == (4, 3, 2)


@pytest.mark.parametrize("groups", [(0, 2, 1), (2, 0, 1), (2, 2, 0)])
def test_refuses(groups):
    message = "a block to reorder needs at least 1 of row groups, pixels and beats, not "
    with pytest.raises(PlanError, match=f"^{re.escape(message + str(groups))}$"):
        make(groups)
