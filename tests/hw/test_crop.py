# amaranth: UnusedElaboratable=no

import re

import pytest

from threefold.errors import PlanError
from threefold.hw.crop import Crop
from threefold.sim.verification import lockstep, pass_through

SIZES = [(1, 1), (1, 2), (2, 3), (3, 3), (3, 8), (7, 8)]


class Model:
    """State: the next beat of the period."""

    def __init__(self, kept, beats):
        self._kept, self._beats, self._beat = kept, beats, 0

    def valid(self, i_valid):
        return [i_valid[0] and self._beat < self._kept]

    def ready(self, i_valid, o_ready):
        return [o_ready[0] or self._beat >= self._kept]

    def tick(self, i_valid, o_ready):
        if i_valid[0] and self.ready(i_valid, o_ready)[0]:
            self._beat = (self._beat + 1) % self._beats


def make(kept, beats):
    return Crop(4, lanes=2, kept=kept, beats=beats)


def cropped(stream, kept, beats):
    return [beat for place, beat in enumerate(stream) if place % beats < kept]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", SIZES)
def test_every_cycle_is_the_models(size, seed):
    entered, left = lockstep(make(*size), Model(*size), cycles=200, seed=seed)
    assert len(left["o"]) > 10
    assert left["o"] == cropped(entered["i"], *size)


@pytest.mark.parametrize("stalls", [0.0, 0.5])
@pytest.mark.parametrize("size", SIZES)
def test_the_first_beats_of_each_period_pass(size, stalls):
    beats = [(n % 16, n // 16) for n in range(10 * size[1])]
    expected = cropped(beats, *size)
    assert pass_through(make(*size), beats, len(expected), stalls=stalls).beats == expected


def test_parameters_are_attributes():
    assert (make(2, 3).kept, make(2, 3).beats) == (2, 3)


@pytest.mark.parametrize(("kept", "beats"), [(0, 3), (4, 3), (1, 0)])
def test_refuses(kept, beats):
    message = f"of {beats} beats 1 to {beats} pass, not {kept}"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        make(kept, beats)
