"""Quantizers of weights, each from its publication."""

from collections.abc import Callable
from functools import partial

from .base import WeightQuantizer
from .expansion import Expanded
from .statistical import Statistical

__all__ = ["WEIGHTS", "Expanded", "Statistical", "WeightQuantizer"]

WEIGHTS: dict[str, Callable[..., WeightQuantizer]] = {
    "expanded2": Expanded,
    "expanded4": partial(Expanded, (0.05, 0.10, 0.15, 0.20)),
    "statistical": Statistical,
}
"""Quantizers by name; each takes ``per_filter``."""
