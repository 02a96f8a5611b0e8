"""Structured pruning: weights that leave in tiles, which the generated hardware skips."""

from .config import FRACTION, SCOPES, Pruning
from .masks import prune, prune_collapsed
from .penalty import clipped_lasso, group_lasso, limit_of
from .selection import Tiled, counts, select
from .tiles import Tile

__all__ = [
    "FRACTION",
    "SCOPES",
    "Pruning",
    "Tile",
    "Tiled",
    "clipped_lasso",
    "counts",
    "group_lasso",
    "limit_of",
    "prune",
    "prune_collapsed",
    "select",
]
