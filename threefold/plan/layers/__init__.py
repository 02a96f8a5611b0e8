"""Layers: what a network computes, as hardware sees it."""

from .conv import ConvLayer, conv_layer, covers
from .layer import (
    AddLayer,
    ArgMaxLayer,
    ConcatLayer,
    Layer,
    PadChannelsLayer,
    PoolLayer,
    ThresholdLayer,
    codes_of,
    layer_of,
    only,
)
from .lower import lower

__all__ = [
    "AddLayer",
    "ArgMaxLayer",
    "ConcatLayer",
    "ConvLayer",
    "Layer",
    "PadChannelsLayer",
    "PoolLayer",
    "ThresholdLayer",
    "codes_of",
    "conv_layer",
    "covers",
    "layer_of",
    "lower",
    "only",
]
