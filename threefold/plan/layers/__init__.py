"""Layers: what a network computes, as hardware sees it."""

from .conv import ConvLayer, covers
from .layer import Layer, codes_of, only
from .lower import lower

__all__ = ["ConvLayer", "Layer", "codes_of", "covers", "lower", "only"]
