# amaranth: UnusedElaboratable=no

import pytest
from amaranth.hdl import signed

from threefold.hw.skid_buffer import SkidBuffer
from threefold.sim.verification import lockstep


class Model:
    def __init__(self):
        self._full = False

    def valid(self, i_valid):
        return [self._full or i_valid[0]]

    def ready(self, i_valid, o_ready):
        return [not self._full]

    def tick(self, i_valid, o_ready):
        self._full = self.valid(i_valid)[0] and not o_ready[0]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("shape", [1, 4, signed(4)], ids=["bit", "unsigned", "signed"])
def test_every_cycle_is_the_models(shape, seed):
    entered, left = lockstep(SkidBuffer(shape, lanes=3), Model(), cycles=200, seed=seed)
    count = len(left["o"])
    assert count > 30
    assert left["o"] == entered["i"][:count]
    assert len(entered["i"]) - count <= 1


def test_parameters_are_attributes():
    skid = SkidBuffer(4, lanes=3)
    assert (skid.shape, skid.lanes) == (4, 3)
