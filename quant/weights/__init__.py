"""Quantizers of weights, each from its publication."""

from collections.abc import Callable

from .base import WeightQuantizer
from .statistical import Statistical

__all__ = ["WEIGHTS", "Statistical", "WeightQuantizer"]

WEIGHTS: dict[str, Callable[..., WeightQuantizer]] = {"statistical": Statistical}
"""Quantizers by name; each takes ``per_filter``."""
