"""Structured pruning: weights that leave in tiles, which the generated hardware skips."""

from .config import SCOPES, Pruning
from .masks import prune, prune_collapsed
from .penalty import clipped_lasso, group_lasso
from .selection import Tiled, counts, select
from .tiles import Tile

__all__ = [
    "SCOPES",
    "Pruning",
    "Tile",
    "Tiled",
    "clipped_lasso",
    "counts",
    "group_lasso",
    "prune",
    "prune_collapsed",
    "select",
]
