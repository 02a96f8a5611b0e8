"""Layers that compute with integers, and those of the float twin."""

from .batch import mean_square, moments, sharing
from .join import Concat, Join, Residual
from .norm import Norm
from .pool import MaxPool, SumPool
from .product import Convolution, MatrixProduct, Product
from .quantize import Quantize, QuantizeLike, Quantizer
from .rearrangement import Rearrangement
from .shape import Flatten, PadChannels
from .slim import Slimmable, taken
from .tensor import QuantTensor, flat, integers, over_channels
from .ternary import Ternary, TernaryConv, TernaryLinear
from .twin import Clamp, FloatConv, FloatLinear, Identity, Relu, Rescale
from .values import unseen_values, values_are_seen

__all__ = [
    "Clamp",
    "Concat",
    "Convolution",
    "Flatten",
    "FloatConv",
    "FloatLinear",
    "Identity",
    "Join",
    "MatrixProduct",
    "MaxPool",
    "Norm",
    "PadChannels",
    "Product",
    "QuantTensor",
    "Quantize",
    "QuantizeLike",
    "Quantizer",
    "Rearrangement",
    "Relu",
    "Rescale",
    "Residual",
    "Slimmable",
    "SumPool",
    "Ternary",
    "TernaryConv",
    "TernaryLinear",
    "flat",
    "integers",
    "mean_square",
    "moments",
    "over_channels",
    "sharing",
    "taken",
    "unseen_values",
    "values_are_seen",
]
