"""Widths of images: what the golden model says where each image has its own."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, islice

import numpy as np

from threefold.errors import PlanError
from threefold.plan import Plan

from . import golden

__all__ = ["expected_values", "numbers_of"]


def numbers_of(plan: Plan, widths: Sequence[str], count: int) -> list[int]:
    """Number of the width of each image, 0 for the whole network.

    Parameters
    ----------
    plan : Plan
    widths : sequence of str
        Names of widths, which images take in turn; an empty one is the whole network, and so are
        all images if there are none.
    count : int
        Images.

    Raises
    ------
    PlanError
        If the plan lacks one of them.
    """
    known = ["", *plan.widths]
    for name in widths:
        if name not in known:
            there = ", ".join(plan.widths) or "none"
            raise PlanError(
                f"the plan of {plan.network.name!r} has no width {name!r}, but {there}; plan with "
                f"--width {name}"
            )
    return [known.index(name) for name in islice(cycle(widths or [""]), count)]


def expected_values(
    plan: Plan, images: np.ndarray, numbers: Sequence[int]
) -> Iterator[Mapping[str, np.ndarray]]:
    """Values of all nodes, each image at its width in the shapes of the whole, by batches.

    Parameters
    ----------
    plan : Plan
    images : array of int, shape (images, height, width, channels)
    numbers : sequence of int
        Width of each image.

    Raises
    ------
    DataError
        If the images do not fit the network.
    """
    if not any(numbers):
        yield from golden.batches(plan.network, images, multiple=plan.batch)
        return
    each, start = np.asarray(numbers), 0
    for whole in golden.batches(plan.network, images):
        values = {name: array.copy() for name, array in whole.items()}
        count = len(next(iter(values.values())))
        here = slice(start, start + count)
        for number in set(each[here].tolist()) - {0}:
            chosen = each[here] == number
            narrow = golden.evaluate(plan.network_at(number), images[here][chosen])
            # What leaves is not from the shapes of the whole, of which hardware is made as well.
            alone = plan.network.at(plan.widths[number - 1])
            narrow = {**narrow, alone.output.name: golden.run(alone, images[here][chosen])}
            for name, array in narrow.items():
                values[name][chosen] = array
        yield values
        start += count
