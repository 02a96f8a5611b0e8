"""Quantizers of weights, each from its publication."""

from collections.abc import Callable
from functools import partial

from .base import WeightQuantizer
from .binary import Binary, tight_sign
from .expansion import Expanded
from .learned_clip import LearnedClip
from .learned_step import BITS, USUAL_BITS, LearnedStep
from .statistical import Statistical
from .truncated_gaussian import TruncatedGaussian

__all__ = [
    "BITS",
    "INT",
    "USUAL_BITS",
    "WEIGHTS",
    "Binary",
    "Expanded",
    "LearnedClip",
    "LearnedStep",
    "Statistical",
    "TruncatedGaussian",
    "WeightQuantizer",
    "tight_sign",
]

INT = "int"
"""Name of integer weights, whose width is given beside it."""

WEIGHTS: dict[str, Callable[..., WeightQuantizer]] = {
    "statistical": Statistical,
    "tga": TruncatedGaussian,
    "clip": LearnedClip,
    "binary": Binary,
    INT: LearnedStep,
    "expanded2": Expanded,
    "expanded4": partial(Expanded, (0.05, 0.10, 0.15, 0.20)),
}
"""Quantizers by name; each takes ``per_filter``."""
