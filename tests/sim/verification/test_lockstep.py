import re

import pytest

from threefold.errors import MismatchError
from threefold.hw.skid_buffer import SkidBuffer
from threefold.sim.verification import lockstep


class Registered:
    """A model that offers a beat a cycle later than a skid buffer does."""

    full = False

    def valid(self, i_valid):
        return [self.full]

    def ready(self, i_valid, o_ready):
        return [not self.full]

    def tick(self, i_valid, o_ready):
        self.full = i_valid[0] or (self.full and not o_ready[0])


def test_a_handshake_that_differs_is_told():
    message = "valid differs from the cycle model: seed 0, cycle 0: it is [True], not [False]"
    with pytest.raises(MismatchError, match=f"^{re.escape(message)}$"):
        lockstep(SkidBuffer(4, lanes=1), Registered(), cycles=5, seed=0)
