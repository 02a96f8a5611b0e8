# amaranth: UnusedElaboratable=no

import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.hw.unrolled.additions import Addition, Additions

from ...equivalence import prove
from ...nightly import mostly_nightly

SHARED = {
    "one": [Addition(3, 3, 4, False, 0)],
    "one_with_a_carry": [Addition(3, 2, 4, False, 1)],
    "subtracts": [Addition(2, 4, 5, True, 1)],
    "carries": [Addition(2, 2, 3, True, 1), Addition(4, 3, 5, True, 1)],
    "second_without_a_carry": [Addition(4, 4, 5, False, 1), Addition(2, 3, 4, True, 0)],
    "three": [
        Addition(1, 1, 2, False, 0),
        Addition(3, 1, 4, True, 1),
        Addition(2, 2, 3, False, 1),
    ],
}


@pytest.mark.parametrize("name", SHARED)
def test_same_on_ecp5(tmp_path, name):
    gold, gate = (Additions(tuple(SHARED[name])) for _ in range(2))
    prove(tmp_path, gold, gate, "sat -verify -prove trigger 0 miter\n")


@pytest.mark.parametrize("seed", mostly_nightly(range(100), always=range(3)))
def test_random_pairs_same_on_ecp5(tmp_path, seed):
    rng = np.random.default_rng(seed)
    additions = []
    for n in range(2):
        a, b = map(int, rng.integers(1, 6, 2))
        ends = not additions or additions[0].ends_in_carry
        additions.append(Addition(a, b, max(a, b) + 1, bool(rng.integers(2)), int(ends and n < 2)))
    gold, gate = (Additions(tuple(additions)) for _ in range(2))
    prove(tmp_path, gold, gate, "sat -verify -prove trigger 0 miter\n")


def test_a_carry_needs_one_to_come_from():
    additions = (Addition(4, 3, 4, False, 0), Addition(3, 3, 4, True, 1))
    message = (
        "^sum 1 begins with a carry, so the one before it must be wider than its addends, "
        "not 4 bits; let it come first$"
    )
    with pytest.raises(PlanError, match=message):
        Additions(additions)
    assert Additions(additions[::-1]).additions == additions[::-1]
