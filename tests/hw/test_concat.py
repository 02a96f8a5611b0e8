# amaranth: UnusedElaboratable=no

import pytest

from threefold.errors import PlanError
from threefold.hw.concat import Concat
from threefold.sim.verification import lockstep

BEATS = [(1, 1), (2, 1), (1, 3), (4, 4), (5, 2)]


class Model:
    """State: the next beat of the pixel."""

    def __init__(self, a_beats, b_beats):
        self._a_beats, self._beats = a_beats, a_beats + b_beats
        self._beat = 0

    @property
    def _turn(self):
        return int(self._beat >= self._a_beats)

    def valid(self, i_valid):
        return [i_valid[self._turn]]

    def ready(self, i_valid, o_ready):
        return [not self._turn and o_ready[0], bool(self._turn) and o_ready[0]]

    def tick(self, i_valid, o_ready):
        if i_valid[self._turn] and o_ready[0]:
            self._beat = (self._beat + 1) % self._beats


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("beats", BEATS)
def test_every_cycle_is_the_models(beats, seed):
    dut = Concat(4, lanes=2, beats=beats)
    entered, left = lockstep(dut, Model(*beats), cycles=300, seed=seed)
    assert len(left["o"]) > 20
    a, b = iter(entered["a"]), iter(entered["b"])
    total = sum(beats)
    assert left["o"] == [next(a if n % total < beats[0] else b) for n in range(len(left["o"]))]
    assert not [*a, *b]


def test_a_beat_a_cycle():
    _, left = lockstep(Concat(4, lanes=2, beats=(2, 3)), Model(2, 3), cycles=50, seed=0)
    assert len(left["o"]) == 50


def test_parameters_are_attributes():
    concat = Concat(4, lanes=3, beats=[2, 1])
    assert (concat.shape, concat.lanes, concat.beats) == (4, 3, (2, 1))


@pytest.mark.parametrize(("a_beats", "b_beats"), [(0, 1), (2, 0), (-1, 3)])
def test_refuses(a_beats, b_beats):
    message = rf"^concat needs at least 1 beat a pixel, not {a_beats} and {b_beats}$"
    with pytest.raises(PlanError, match=message):
        Concat(4, lanes=1, beats=(a_beats, b_beats))
