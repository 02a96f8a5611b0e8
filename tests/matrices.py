"""Random ternary matrices: shapes, sparsity, signs, rows of zeros, and rows that are alike."""

import numpy as np

__all__ = ["random_matrix"]


def random_matrix(rng: np.random.Generator, *, most: int = 12) -> np.ndarray:
    """A matrix of int8, at most so many rows and columns."""
    rows, columns = rng.integers(1, most + 1, 2)
    signs = rng.choice([[-1, 1], [1, 1], [-1, -1]])
    matrix = rng.choice(signs, (rows, columns)) * (rng.random((rows, columns)) < rng.random())
    for row in np.flatnonzero(rng.random(rows) < 0.3):
        matrix[row] = rng.choice([-1, 0, 1]) * matrix[rng.integers(rows)]
    return matrix.astype(np.int8)
