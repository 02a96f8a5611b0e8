"""Quantizers of weights, each from its publication."""

from collections.abc import Callable
from functools import partial

from .base import WeightQuantizer
from .binary import Binary, tight_sign
from .expansion import Expanded
from .learned_clip import LearnedClip
from .statistical import Statistical
from .truncated_gaussian import TruncatedGaussian

__all__ = [
    "WEIGHTS",
    "Binary",
    "Expanded",
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
    "expanded2": Expanded,
    "expanded4": partial(Expanded, (0.05, 0.10, 0.15, 0.20)),
}
"""Quantizers by name; each takes ``per_filter``."""
