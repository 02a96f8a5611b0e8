"""Placement seeds: the choice among placements."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..errors import BuildError, PlanError

__all__ = ["Choice", "best_seed"]


@dataclass(frozen=True)
class Choice:
    """The placement to keep.

    Parameters
    ----------
    seed : int
        Its seed.
    fmax_mhz : float
        Frequency it holds, in MHz.
    tried : dict from int to float
        Frequency of every placement that was made, in MHz, by its seed, in order.
    """

    seed: int
    fmax_mhz: float
    tried: dict[int, float]


def best_seed(
    seeds: Iterable[int],
    place: Callable[[int], float],
    clock_mhz: float,
    keep: Callable[[int], None] = lambda seed: None,
) -> Choice:
    """Place with one seed after the other, until one holds the clock or all have been tried.

    Parameters
    ----------
    seeds : iterable of int
        At least one.
    place : callable
        Places and routes with a seed; the frequency reached, in MHz.
    clock_mhz : float
        Frequency wanted, in MHz.
    keep : callable
        Told the seed of every placement that is the best so far, before the next is made.

    Returns
    -------
    Choice
        The first that holds the clock, else the fastest, the first of equals.

    Raises
    ------
    BuildError
        That of the last seed, if ``place`` raised one for each.
    PlanError
        If there is no seed.
    """
    tried, best, error = {}, None, None
    for seed in seeds:
        try:
            tried[seed] = place(seed)
        except BuildError as caught:
            # Whether a crowded device can be placed and routed at all depends on the seed, too.
            error = caught
            continue
        if best is None or tried[seed] > tried[best]:
            best = seed
            keep(seed)
        if tried[seed] >= clock_mhz:
            break
    if best is None:
        raise error or PlanError("at least 1 seed must be tried, not 0")
    return Choice(best, tried[best], tried)
