"""Samples: values of rows or images as files hold them, and their labels."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Samples"]


@dataclass(frozen=True, eq=False)
class Samples:
    """Rows of a table, or images, before they become input codes.

    Parameters
    ----------
    values : array of float64, uint8 or uint16, shape (samples, height, width, channels)
        Finite. A row of a table is 1×1 with a channel for each feature.
    labels : tuple of str, or None
        Name of the class of each sample; None where the files do not tell.
    places : sequence of str
        Where each sample is, as a message says it: ``"line 7 of iris.csv"``.
    """

    values: np.ndarray
    labels: tuple[str, ...] | None
    places: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)
