"""Networks with weights of 2 to 8 bits, as public ones have them, with random weights."""

from brevitas import nn as qnn
from brevitas.quant import (
    Int8WeightPerChannelFloat,
    Int8WeightPerTensorFixedPoint,
    Int8WeightPerTensorFloat,
)
from torch import nn

from .brevitas_networks import Residual, convolution

__all__ = ["jet_tagging", "mobilenet", "resnet_mixed", "vgg10"]


class WholeRange(Int8WeightPerTensorFloat):
    """Weights that may be −128."""

    narrow_range = False


class TwoBits(Int8WeightPerChannelFloat):
    """Weights of 2 bits with a scale for each filter, −1, 0, 1."""

    bit_width = 2


class FourBits(Int8WeightPerChannelFloat):
    """Weights of 4 bits, −8…7, with a scale for each filter."""

    bit_width = 4
    narrow_range = False


def jet_tagging(bits=6):
    """The dense network that tells five kinds of jets apart, 16-64-32-32-5."""
    layers, inputs = [qnn.QuantIdentity(bit_width=8)], 16
    for width in (64, 32, 32):
        layers += [
            qnn.QuantLinear(inputs, width, bias=True, weight_bit_width=bits),
            nn.BatchNorm1d(width),
            qnn.QuantReLU(bit_width=bits),
        ]
        inputs = width
    return nn.Sequential(*layers, qnn.QuantLinear(inputs, 5, bias=True, weight_bit_width=bits))


def vgg10(channels=8, classes=24, convolutions=3):
    """Convolutions along a radio signal, each halved by a maximum, all of 8 bits."""
    layers, inputs = [qnn.QuantIdentity(bit_width=8)], 2
    for _ in range(convolutions):
        layers += [
            qnn.QuantConv1d(inputs, channels, 3, padding=1, bias=False, weight_quant=WholeRange),
            nn.BatchNorm1d(channels),
            qnn.QuantReLU(bit_width=8),
            nn.MaxPool1d(2),
        ]
        inputs = channels
    return nn.Sequential(
        *layers,
        nn.Flatten(),
        qnn.QuantLinear(8 * channels, 16, bias=False, weight_quant=WholeRange),
        nn.BatchNorm1d(16),
        qnn.QuantReLU(bit_width=8),
        qnn.QuantLinear(16, classes, bias=False, weight_quant=WholeRange),
    )


def resnet_mixed(channels=8, classes=10):
    """First and last layer of 8 bits, blocks of 2 bits between."""
    shared = qnn.QuantIdentity(bit_width=4)
    return nn.Sequential(
        qnn.QuantIdentity(bit_width=8),
        convolution(3, channels, Int8WeightPerChannelFloat),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        Residual(channels, TwoBits, shared),
        Residual(channels, TwoBits, shared),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        qnn.QuantLinear(channels, classes, bias=True, weight_quant=Int8WeightPerTensorFixedPoint),
    )


def mobilenet(channels=8, classes=10, blocks=2):
    """Depthwise and pointwise convolutions of 4 bits, behind a first layer of 8."""
    layers, inputs = [qnn.QuantIdentity(bit_width=8)], channels
    layers += [
        convolution(3, channels, Int8WeightPerChannelFloat, stride=2),
        nn.BatchNorm2d(channels),
        qnn.QuantReLU(bit_width=4),
    ]
    for _ in range(blocks):
        layers += [
            convolution(inputs, inputs, FourBits, groups=inputs),
            nn.BatchNorm2d(inputs),
            qnn.QuantReLU(bit_width=4),
            convolution(inputs, 2 * inputs, FourBits, kernel=1),
            nn.BatchNorm2d(2 * inputs),
            qnn.QuantReLU(bit_width=4),
        ]
        inputs *= 2
    return nn.Sequential(
        *layers,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        qnn.QuantLinear(inputs, classes, bias=True, weight_bit_width=4),
    )
