"""Confusion matrix: the classes that a network gives, beside those of the labels."""

import numpy as np

__all__ = ["confusion_matrix"]


def confusion_matrix(labels: np.ndarray, given: np.ndarray, classes: int) -> np.ndarray:
    """How many images of each class were given each class.

    Parameters
    ----------
    labels, given : array of int, shape (images,)
        Classes of the images, and those that a network gives them: 0…classes − 1.
    classes : int

    Returns
    -------
    array of int64, shape (classes, classes)
        Rows are classes of the labels, columns those given.
    """
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (np.asarray(labels), np.asarray(given)), 1)
    return counts
