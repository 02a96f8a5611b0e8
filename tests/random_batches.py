"""Plans of random networks whose images share weights in batches."""

import numpy as np

from threefold.errors import PlanError
from threefold.plan import Plan
from threefold.plan.search.fold import plan_of
from threefold.plan.units.streamed_batch import StreamedBatchUnit

from .random_feeds import least_room
from .random_networks import random_mixture
from .random_residuals import random_residuals_plan

__all__ = ["random_batch_plan"]


def random_batch_plan(rng: np.random.Generator, kind: int, batch: int) -> Plan:
    """A plan whose streamed unit takes images in batches, which share any passes that they can.

    Parameters
    ----------
    kind : int
        0 for a mixture of all kinds of layers, 1 and 2 for residual networks.
    batch : int
        Images.
    """
    while True:
        made = random_residuals_plan(rng, 1 + kind) if kind else random_mixture(rng, feeds=True)
        unit = made.streamed
        for number, count in enumerate(range(len(unit.passes), 1, -1)):
            shared = int(rng.integers(1, count))
            last = len(unit.passes) - 1
            apart = int(rng.integers(min(shared + 1, last), last + 1))
            shares = {"batch": batch, "shared": shared, "apart": apart}
            try:
                own = StreamedBatchUnit.sharing(unit, **shares)
                own = least_room(own) if number % 2 else own
                units = (own if each is unit else each for each in made.units)
                return plan_of(made.network, tuple(units))
            except PlanError:
                # What enters is read later on, or a branch beside it holds no batch.
                continue
