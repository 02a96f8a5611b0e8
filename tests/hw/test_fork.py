# amaranth: UnusedElaboratable=no

import pytest

from threefold.errors import PlanError
from threefold.hw.fork import Fork
from threefold.sim.verification import lockstep


class Model:
    """State: which outputs took the beat that is still offered."""

    def __init__(self, outputs):
        self._taken = [False] * outputs

    def valid(self, i_valid):
        return [i_valid[0] and not taken for taken in self._taken]

    def _done(self, o_ready):
        return [taken or ready for taken, ready in zip(self._taken, o_ready, strict=True)]

    def ready(self, i_valid, o_ready):
        return [all(self._done(o_ready))]

    def tick(self, i_valid, o_ready):
        if i_valid[0]:
            done = self._done(o_ready)
            self._taken = [each and not all(done) for each in done]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("outputs", [1, 2, 3, 5])
def test_every_cycle_is_the_models(outputs, seed):
    dut = Fork(4, lanes=2, outputs=outputs)
    entered, left = lockstep(dut, Model(outputs), cycles=300, seed=seed)
    count = len(entered["i"])
    assert count > 20
    for beats in left.values():
        assert beats[:count] == entered["i"]
        assert len(beats) - count in (0, 1)


def test_a_beat_a_cycle():
    entered, left = lockstep(Fork(4, lanes=2, outputs=2), Model(2), cycles=50, seed=0)
    assert len(entered["i"]) == 50
    assert left == {"o__0": entered["i"], "o__1": entered["i"]}


def test_parameters_are_attributes():
    fork = Fork(4, lanes=3, outputs=2)
    assert (fork.shape, fork.lanes, fork.outputs) == (4, 3, 2)


@pytest.mark.parametrize("outputs", [0, -1])
def test_refuses(outputs):
    with pytest.raises(PlanError, match=rf"^a fork needs at least 1 output, not {outputs}$"):
        Fork(4, lanes=1, outputs=outputs)
