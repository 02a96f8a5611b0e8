"""Labels: the class of each image that a network is tested with."""

import numpy as np

from .errors import DataError
from .plan import Plan

__all__ = ["require_labels"]


def require_labels(plan: Plan, labels: np.ndarray, images: int) -> None:
    """Refuse labels that are not one class of the network for each image.

    Parameters
    ----------
    plan : Plan
        Of the network.
    labels : array of int, shape (images,)
    images : int
        How many images there are.

    Raises
    ------
    DataError
    """
    name, classes, pixels = plan.network.name, plan.ports.classes, plan.ports.output.pixels
    if len(labels) != images:
        raise DataError(f"{images} images do not go with {len(labels)} labels")
    if pixels != 1:
        raise DataError(
            f"{name!r} gives {pixels} pixels, not one class for each image; leave the labels out"
        )
    if not all(0 <= label < classes for label in labels):
        raise DataError(
            f"labels must be 0…{classes - 1}, not {min(labels)}…{max(labels)}; "
            f"{name!r} knows {classes} classes"
        )
