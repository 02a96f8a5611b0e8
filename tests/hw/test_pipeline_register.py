# amaranth: UnusedElaboratable=no

import pytest
from threefold.hw.pipeline_register import PipelineRegister

from ..streams import lockstep, pass_through


class Model:
    """State: the beats held."""

    def __init__(self):
        self._held = 0

    def valid(self, i_valid):
        return [self._held > 0]

    def ready(self, i_valid, o_ready):
        return [self._held < 2]

    def tick(self, i_valid, o_ready):
        accept = i_valid[0] and self._held < 2
        self._held += accept - (self._held > 0 and o_ready[0])


@pytest.mark.parametrize("seed", range(12))
def test_every_cycle_is_the_models(seed):
    entered, left = lockstep(PipelineRegister(4, lanes=2), Model(), cycles=300, seed=seed)
    count = len(left["o"])
    assert count > 20
    assert left["o"] == entered["i"][:count]
    assert len(entered["i"]) - count <= 2


def test_a_beat_a_cycle_one_cycle_later():
    traffic = pass_through(PipelineRegister(4, lanes=1), [(n % 16,) for n in range(40)], 40)
    assert traffic.entered == list(range(40))
    assert traffic.left == list(range(1, 41))


def test_parameters_are_attributes():
    register = PipelineRegister(4, lanes=3)
    assert (register.shape, register.lanes) == (4, 3)
