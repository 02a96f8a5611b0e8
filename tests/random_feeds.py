"""Memories of random times that programs come from, and units that have little room for them."""

import numpy as np

from threefold.plan.sequential import DENSITIES, Feed
from threefold.plan.units.sequential import SequentialUnit
from threefold.plan.units.streamed import StreamedUnit

__all__ = ["least_room", "random_feed", "streamed"]


def random_feed(rng: np.random.Generator) -> Feed:
    """A memory with or without refreshes, faster or slower than the array."""
    refreshes = {"every": int(rng.integers(20, 90)), "busy": int(rng.integers(1, 20))}
    first = int(rng.choice([1, rng.integers(1, 20), 60]))
    return Feed(
        bits=int(rng.choice([8, 16, 24, 32, 64, 128])),
        first=first,
        extra=int(rng.choice([0, first, rng.integers(0, first + 1)])),
        **(refreshes if rng.integers(2) else {}),
    )


def streamed(unit: SequentialUnit, feed: Feed, *, spare: int = 0) -> StreamedUnit:
    """The same array with its program from ``feed``, and room for the longest pass and more.

    Its weights come five to a byte from every other feed.

    Parameters
    ----------
    spare : int
        How often the room is doubled.
    """
    sizes = {name: getattr(unit, name) for name in ("pixels", "lanes", "form", "memory")}
    sizes["weights_per_byte"] = DENSITIES[feed.first % 2]
    made = StreamedUnit(unit.layers, unit.pe, unit.simd, **sizes, feed=feed.to_dict())
    return least_room(made.made_loadable(), spare)


def least_room(unit: StreamedUnit, spare: int = 0) -> StreamedUnit:
    """The same with as little room as it works with, doubled ``spare`` times."""
    limits = dict(unit.limits)
    rows = 1 << (max(unit.program.lengths) + limits["frame"] - 2).bit_length() + spare
    limits |= {"program": rows}
    return unit.changed(unit.layers, {"limits": limits})
