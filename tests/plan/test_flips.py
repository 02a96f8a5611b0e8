import numpy as np
import pytest

from threefold.plan.flips import flips_of

from ..matrices import random_matrix


@pytest.mark.parametrize("seed", range(100))
def test_additions_are_the_product(seed):
    rng = np.random.default_rng(seed)
    weights = random_matrix(rng).astype(np.int64)
    codes = rng.integers(0, 16, weights.shape[1])
    steps, complemented = flips_of(weights)
    offset = int(rng.integers(-20, 20))
    held = np.where(complemented, ~offset, offset)
    for column, code in enumerate(codes):
        step = steps[:, column]
        held = held + code * (step != 0)
        held = np.where(step == -1, ~held, held)
    assert (held == weights @ codes + offset).all()
