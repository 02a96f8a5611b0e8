"""Passes: weights of several levels as sums of ternary ones."""

import numpy as np

__all__ = ["passes"]


def passes(weights: np.ndarray, least: int = 1) -> list[np.ndarray]:
    """Ternary weights that add up to ``weights``, as few as can, the later ones the sparser.

    Pass k has the sign of a weight where its magnitude is at least k, otherwise 0. So every
    input is added or subtracted as often as its weight says, by weights that are ternary, and
    whatever the inputs are, Σ_k passes[k]·x = weights·x. All have one sign in all passes, so that
    the bounds of the sum are those of the product, too.

    Parameters
    ----------
    weights : array of int
    least : int
        How many there are in any case, the last ones 0.

    Returns
    -------
    list of array of int8, of the shape of ``weights``
        As many as the largest magnitude, at least ``least``; each is 0 wherever one before is.

    Examples
    --------
    >>> passes(np.array([2, -1, 0, -2]))
    [array([ 1, -1,  0, -1], dtype=int8), array([ 1,  0,  0, -1], dtype=int8)]
    """
    weights = np.asarray(weights, np.int64)
    magnitude = np.abs(weights)
    count = max(least, int(magnitude.max(initial=0)))
    signs = np.sign(weights).astype(np.int8)
    return [signs * (magnitude >= level) for level in range(1, count + 1)]
