"""Quantizers of weights, each from its publication."""

from collections.abc import Callable

from .base import WeightQuantizer
from .binary import Binary, tight_sign
from .learned_clip import LearnedClip
from .statistical import Statistical
from .truncated_gaussian import TruncatedGaussian

__all__ = [
    "WEIGHTS",
    "Binary",
    "LearnedClip",
    "Statistical",
    "TruncatedGaussian",
    "WeightQuantizer",
    "tight_sign",
]

WEIGHTS: dict[str, Callable[..., WeightQuantizer]] = {
    "statistical": Statistical,
    "tga": TruncatedGaussian,
    "clip": LearnedClip,
    "binary": Binary,
}
"""Quantizers by name; each takes ``per_filter``."""
