"""Tile map: the weights of a layer by tile, worked on or skipped."""

import numpy as np

from ..plan import Schedule
from .svg import COLOURS, canvas, to_svg

__all__ = ["shrunk", "tile_densities", "tile_map"]

_THIN = 40  # pixels of the shorter side, at least
_BLUE = np.array([0x1C, 0x82, 0xC4]) / 255
_PALEST = 0.18


def tile_densities(schedule: Schedule) -> np.ndarray:
    """Share of nonzero weights in each tile; NaN where the tile is skipped.

    A tile that is worked on although it holds no weight has density 0. Of weights of several digits
    it is the share of weights, and a tile is worked on if it is in any digit.

    Returns
    -------
    array of float, shape (row groups, tiles of each)
        For a kernel that slides row by row, word by word.
    """
    grid = np.full(schedule.occupancy.shape, np.nan)
    worked = tuple(schedule.tiles.T)
    grid[worked] = schedule.densities[worked]
    return grid.reshape(schedule.row_groups, -1)


def tile_map(schedule: Schedule, side: float = 220) -> str:
    """The weight matrix of a layer, tile by tile, as an ``<svg>`` element.

    A row of the map is a group of filters; a column is a word of channels at one position of
    the kernel, or at several, row by row. The stronger the colour of a tile, the more of its
    weights are not zero; a skipped tile is empty and, where there is room, crossed.

    Parameters
    ----------
    schedule : Schedule
    side : float
        Pixels of the longer side.
    """
    layer = schedule.layer
    densities = tile_densities(schedule)
    groups, words = densities.shape
    weight = side / max(layer.rows, layer.columns)
    width = max(weight * layer.columns, _THIN)
    height = max(weight * layer.rows, _THIN)
    cell = min(width / words, height / groups)
    worked = ~np.isnan(densities)
    image = np.zeros((groups, words, 4))
    image[..., :3] = _BLUE
    image[..., 3] = np.where(worked, _PALEST + (1 - _PALEST) * np.nan_to_num(densities), 0)
    image = shrunk(image, round(2 * height), round(2 * width))
    with canvas(width + 2, height + 2, left=1, right=1, top=1, bottom=1) as axes:
        axes.set_xticks([])
        axes.set_yticks([])
        extent = (-0.5, words - 0.5, groups - 0.5, -0.5)
        axes.imshow(image, interpolation="none", aspect="auto", extent=extent)
        if cell >= 5:
            lines = {"color": COLOURS["surface"], "linewidth": min(cell / 12, 1.5)}
            axes.vlines(np.arange(words + 1) - 0.5, -0.5, groups - 0.5, **lines)
            axes.hlines(np.arange(groups + 1) - 0.5, -0.5, words - 0.5, **lines)
            rows, columns = np.nonzero(~worked)
            axes.plot(
                columns,
                rows,
                linestyle="none",
                marker="x",
                markersize=min(cell * 0.3, 8),
                markeredgewidth=min(cell / 16, 1.2),
                color=COLOURS["muted"],
                gid="skipped",
            )
        axes.set_xlim(-0.5, words - 0.5)
        axes.set_ylim(groups - 0.5, -0.5)
        axes.spines[:].set_visible(True)
        tiles = schedule.tiles_in_all
        title = f"{schedule.skipped} of {tiles} tiles of {layer.name} are skipped"
        return to_svg(axes, f"tiles-{layer.name}", title)


def shrunk(image: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """``image`` with at most so many rows and columns; what shares a pixel is averaged."""
    for axis, most in enumerate((rows, columns)):
        size = image.shape[axis]
        if size > most:
            starts = np.arange(most) * size // most
            counts = np.diff(starts, append=size).reshape([-1, 1, 1] if axis == 0 else [1, -1, 1])
            image = np.add.reduceat(image, starts, axis=axis) / counts
    return image
