"""Layers: the computations of a network, in terms of hardware."""

from .conv import ConvLayer, covers
from .layer import Layer, codes_of, only
from .lower import lower

__all__ = ["ConvLayer", "Layer", "codes_of", "covers", "lower", "only"]
