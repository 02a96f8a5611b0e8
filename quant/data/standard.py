"""Real features as codes of eight bits."""

import math

import numpy as np

from threefold.errors import DataError

__all__ = ["standardise"]

_STEPS = 32  # codes per standard deviation: −128…127 is four of them each way


def standardise(features: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Codes of real features: 32 for each standard deviation from the mean, −128…127.

    Mean and deviation of a feature are those of the examples to train with, so that nothing is
    learned from the others. Four deviations each way have a code; what is beyond gets the last.
    Sums are exact, hence codes are the same on every machine.

    Parameters
    ----------
    features : float array, shape (examples, ..., features)
    train : array of bool, shape (examples,)
        Which examples are to train with; at least one.

    Returns
    -------
    array of uint8, shape of ``features``
        Code 128 is the mean; a feature that never changes is always that.

    Raises
    ------
    DataError
        If a feature is not finite.
    """
    features = features.astype(np.float64)
    if not np.isfinite(features).all():
        raise DataError("a feature is not finite")
    columns = features[train].reshape(-1, features.shape[-1]).T
    mean = np.array([math.fsum(column) / len(column) for column in columns])
    squares = (columns - mean[:, None]) ** 2
    deviation = np.sqrt([math.fsum(column) / len(column) for column in squares])
    steps = np.rint((features - mean) * _STEPS / np.where(deviation, deviation, 1))
    return (np.clip(steps, -128, 127) + 128).astype(np.uint8)
