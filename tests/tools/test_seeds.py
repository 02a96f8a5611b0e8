import pytest

from threefold.errors import BuildError, PlanError
from threefold.tools.seeds import Choice, best_seed


class Placer:
    """Reaches known frequencies, where it reaches any."""

    def __init__(self, *reached):
        self.reached = reached
        self.placed, self.kept = [], []

    def place(self, seed):
        self.placed.append(seed)
        if self.reached[seed] is None:
            raise BuildError(f"cannot place with seed {seed}")
        return self.reached[seed]

    def choose(self, clock_mhz):
        seeds = range(len(self.reached))
        return best_seed(seeds, self.place, clock_mhz, self.kept.append)


@pytest.mark.parametrize(
    ("reached", "choice", "kept"),
    [
        ([100.0], Choice(0, 100.0, {0: 100.0}), [0]),
        ([99.9], Choice(0, 99.9, {0: 99.9}), [0]),
        ([100.0, 120.0], Choice(0, 100.0, {0: 100.0}), [0]),
        ([80.0, 101.0, 120.0], Choice(1, 101.0, {0: 80.0, 1: 101.0}), [0, 1]),
        ([90.0, 80.0, 90.0], Choice(0, 90.0, {0: 90.0, 1: 80.0, 2: 90.0}), [0]),
        ([80.0, 95.0, 90.0], Choice(1, 95.0, {0: 80.0, 1: 95.0, 2: 90.0}), [0, 1]),
        ([None, 80.0, None], Choice(1, 80.0, {1: 80.0}), [1]),
        ([80.0, None, 101.0], Choice(2, 101.0, {0: 80.0, 2: 101.0}), [0, 2]),
    ],
)
def test_choice(reached, choice, kept):
    placer = Placer(*reached)
    assert placer.choose(100.0) == choice
    assert placer.kept == kept
    held = [seed for seed, mhz in enumerate(reached) if mhz and mhz >= 100]
    assert placer.placed == list(range(held[0] + 1 if held else len(reached)))


def test_no_seed_can_be_placed():
    with pytest.raises(BuildError, match=r"^cannot place with seed 1$"):
        Placer(None, None).choose(100.0)


def test_other_errors_end_the_search():
    placer = Placer(100.0)
    with pytest.raises(IndexError):
        best_seed([7, 0], placer.place, 100.0)
    assert placer.placed == [7]


def test_no_seed():
    with pytest.raises(PlanError, match=r"^at least 1 seed must be tried, not 0$"):
        best_seed([], lambda seed: 0.0, 30)
