"""Random ternary weights, with empty tiles where they are asked for."""

import math

import numpy as np

__all__ = ["ternary_weights"]


def ternary_weights(
    generator: np.random.Generator,
    shape: tuple[int, int, int, int],
    density: float = 0.5,
    sparsity: float = 0.0,
    tile: tuple[int, int] = (1, 1),
    whole_kernels: bool = False,
) -> np.ndarray:
    """Ternary weights, of which a share of the tiles is empty.

    A tile is P filters by S channels at one kernel position, or at all of them. Every row of
    tiles keeps about the same number and at least one, no kept tile is empty, and no filter is.

    Parameters
    ----------
    generator : Generator
    shape : (int, int, int, int)
        Filters, kernel height, kernel width, channels per group.
    density : float
        Expected share of non-zero weights within the tiles that are kept.
    sparsity : float
        Share of the tiles that are empty.
    tile : (int, int)
        P and S.
    whole_kernels : bool
        Whether a tile is empty at all kernel positions or at none.

    Returns
    -------
    array of int8, of that shape
    """
    filters, kernel_h, kernel_w, depth = shape
    p, s = min(tile[0], filters), min(tile[1], depth)
    positions = 1 if whole_kernels else kernel_h * kernel_w
    grid = (math.ceil(filters / p), positions, math.ceil(depth / s))
    kept = _kept(generator, grid, 1 - sparsity)
    used = np.broadcast_to(kept, (grid[0], kernel_h * kernel_w, grid[2]))
    used = used.repeat(p, axis=0)[:filters].repeat(s, axis=2)[:, :, :depth].reshape(shape)
    weights = np.where(generator.random(shape) < density, 1, 0).astype(np.int8) * used
    for row, position, column in np.argwhere(kept) if sparsity else ():
        places = slice(None) if whole_kernels else slice(position, position + 1)
        block = weights.reshape(filters, -1, depth)[row * p : (row + 1) * p, places]
        block = block[:, :, column * s : (column + 1) * s]
        if not block.any():
            block[tuple(generator.integers(block.shape))] = 1
    for empty in np.flatnonzero(~weights.reshape(filters, -1).any(axis=1)):
        weights[empty][tuple(generator.choice(np.argwhere(used[empty])))] = 1
    return weights * generator.choice(np.array([-1, 1], np.int8), shape)


def _kept(generator: np.random.Generator, grid: tuple[int, int, int], share: float) -> np.ndarray:
    """Which tiles are kept, as booleans: as many in each row as in the others, or one more."""
    rows, positions, columns = grid
    in_row = positions * columns
    kept = np.zeros((rows, in_row), bool)
    ends = np.floor(np.arange(rows + 1) * in_row * share + 0.5).astype(int)
    for row, count in zip(kept, np.diff(ends), strict=True):
        row[generator.permutation(in_row)[: max(1, count)]] = True
    return kept.reshape(grid)
