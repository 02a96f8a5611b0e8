"""Networks of the families that FINN has published, with random weights, in Brevitas."""

import torch
from brevitas import nn as qnn
from brevitas.core.restrict_val import RestrictValueType
from brevitas.inject.enum import QuantType, ScalingImplType, StatsOp
from brevitas.quant import (
    Int8ActPerTensorFloat,
    Int8WeightPerTensorFloat,
    SignedBinaryActPerTensorConst,
    SignedBinaryWeightPerTensorConst,
    SignedTernaryActPerTensorConst,
    SignedTernaryWeightPerTensorConst,
)
from torch import nn

WEIGHTS = {1: SignedBinaryWeightPerTensorConst, 2: SignedTernaryWeightPerTensorConst}
ACTIVATIONS = {1: SignedBinaryActPerTensorConst, 2: SignedTernaryActPerTensorConst}


class TernaryWeight(Int8WeightPerTensorFloat):
    """Brevitas' own ternary weights: 0 below a part of the scale."""

    quant_type = QuantType.TERNARY
    bit_width = 2
    threshold = 0.5
    scaling_impl_type = ScalingImplType.STATS
    scaling_stats_op = StatsOp.AVE


class PerChannelTernaryWeight(TernaryWeight):
    """As above, with a scale for each filter."""

    scaling_per_output_channel = True


class Centred(nn.Module):
    """Pixels 0…1 as −1…1."""

    def forward(self, x):
        return 2.0 * x - 1.0


class ScalarNorm(nn.Module):
    """Normalization of all logits alike, so that their order stays."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(1) + 0.5)
        self.bias = nn.Parameter(torch.randn(1))
        self.register_buffer("mean", torch.randn(1))
        self.register_buffer("variance", torch.rand(1) + 0.5)

    def forward(self, x):
        return (x - self.mean) / torch.sqrt(self.variance + 1e-5) * self.weight + self.bias


def activation(bits):
    return qnn.QuantIdentity(act_quant=ACTIVATIONS[bits])


def mlp(weight_bits, activation_bits, width, classes=10, pixels=784):
    """TFC, SFC and LFC: three hidden layers of 64, 256 and 1024."""
    layers, inputs = [nn.Flatten(), Centred(), activation(activation_bits), nn.Dropout(0.2)], pixels
    for _ in range(3):
        layers += [
            qnn.QuantLinear(inputs, width, bias=False, weight_quant=WEIGHTS[weight_bits]),
            nn.BatchNorm1d(width),
            activation(activation_bits),
            nn.Dropout(0.2),
        ]
        inputs = width
    last = qnn.QuantLinear(inputs, classes, bias=False, weight_quant=WEIGHTS[weight_bits])
    return nn.Sequential(*layers, last, ScalarNorm())


def cnv(weight_bits, activation_bits, width=64, classes=10):
    """CNV: a small VGG for images of 32×32, whose input an 8-bit quantizer reads."""
    weights = WEIGHTS[weight_bits]
    fixed = qnn.QuantIdentity(
        act_quant=Int8ActPerTensorFloat,
        bit_width=8,
        narrow_range=False,
        scaling_impl_type=ScalingImplType.CONST,
        restrict_scaling_type=RestrictValueType.POWER_OF_TWO,
        min_val=-1.0,
        max_val=1.0 - 2.0**-7,
    )
    layers, inputs = [Centred(), fixed], 3
    for filters, pooled in zip((1, 1, 2, 2, 4, 4), (0, 1, 0, 1, 0, 0), strict=True):
        layers += [
            qnn.QuantConv2d(inputs, filters * width, 3, bias=False, weight_quant=weights),
            nn.BatchNorm2d(filters * width, eps=1e-4),
            activation(activation_bits),
        ]
        inputs = filters * width
        if pooled:
            layers.append(nn.MaxPool2d(2))
    layers.append(nn.Flatten())
    for _ in range(2):
        layers += [
            qnn.QuantLinear(inputs, 8 * width, bias=False, weight_quant=weights),
            nn.BatchNorm1d(8 * width, eps=1e-4),
            activation(activation_bits),
        ]
        inputs = 8 * width
    layers += [qnn.QuantLinear(inputs, classes, bias=False, weight_quant=weights), ScalarNorm()]
    return nn.Sequential(*layers)


class Residual(nn.Module):
    """A block whose branches share a quantizer, so that their codes have one scale."""

    def __init__(self, channels, weights, shared):
        super().__init__()
        self.first = convolution(channels, channels, weights)
        self.norm = nn.BatchNorm2d(channels)
        self.between = qnn.QuantReLU(bit_width=3)
        self.second = convolution(channels, channels, weights)
        self.last = nn.BatchNorm2d(channels)
        self.shared = shared
        self.after = qnn.QuantReLU(bit_width=3)

    def forward(self, x):
        x = self.shared(x)
        y = self.between(self.norm(self.first(x)))
        return self.after(x + self.shared(self.last(self.second(y))))


def convolution(inputs, filters, weights, kernel=3, **options):
    """A convolution that keeps the size of maps."""
    return qnn.QuantConv2d(
        inputs, filters, kernel, padding=kernel // 2, bias=False, weight_quant=weights, **options
    )


def resnet(weights, channels=8, classes=10):
    """Two residual blocks, whose four branches share one quantizer, and a mean of each channel."""
    shared = qnn.QuantIdentity(bit_width=4)
    return nn.Sequential(
        qnn.QuantIdentity(bit_width=8),
        convolution(3, channels, weights),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        Residual(channels, weights, shared),
        nn.MaxPool2d(2),
        Residual(channels, weights, shared),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        qnn.QuantLinear(channels, classes, bias=True, weight_quant=WEIGHTS[2]),
    )


def lenet(weights, classes=10):
    """LeNet-5, with a bias in each layer, and maxima ahead of the quantizers."""
    return nn.Sequential(
        qnn.QuantConv2d(1, 6, 5, bias=True, weight_quant=weights),
        nn.MaxPool2d(2),
        qnn.QuantReLU(bit_width=4),
        qnn.QuantConv2d(6, 16, 5, bias=True, weight_quant=weights),
        nn.MaxPool2d(2),
        qnn.QuantReLU(bit_width=4),
        nn.Flatten(),
        qnn.QuantLinear(256, 120, bias=True, weight_quant=weights),
        qnn.QuantReLU(bit_width=4),
        qnn.QuantLinear(120, 84, bias=True, weight_quant=weights),
        qnn.QuantReLU(bit_width=4),
        qnn.QuantLinear(84, classes, bias=True, weight_quant=WEIGHTS[2]),
    )


def ds_cnn(weights, channels=16, classes=12, blocks=3):
    """DS-CNN for keywords: convolutions of single channels, then of single pixels."""
    layers = [
        qnn.QuantIdentity(bit_width=8),
        qnn.QuantConv2d(
            1, channels, (10, 4), stride=2, padding=(5, 1), bias=False, weight_quant=weights
        ),
        nn.BatchNorm2d(channels),
        qnn.QuantReLU(bit_width=4),
    ]
    for _ in range(blocks):
        layers += [
            convolution(channels, channels, weights, groups=channels),
            nn.BatchNorm2d(channels),
            qnn.QuantReLU(bit_width=4),
            convolution(channels, channels, weights, kernel=1),
            nn.BatchNorm2d(channels),
            qnn.QuantReLU(bit_width=4, return_quant_tensor=True),
        ]
    last = qnn.QuantLinear(channels, classes, bias=True, weight_quant=WEIGHTS[2])
    return nn.Sequential(
        *layers, qnn.TruncAvgPool2d((25, 5), float_to_int_impl_type="FLOOR"), nn.Flatten(), last
    )


def of_signals(weights, classes=10):
    """Convolutions along time."""
    return nn.Sequential(
        qnn.QuantIdentity(bit_width=8),
        qnn.QuantConv1d(4, 8, 5, stride=2, padding=2, bias=False, weight_quant=weights),
        nn.BatchNorm1d(8),
        qnn.QuantReLU(bit_width=4),
        qnn.QuantConv1d(8, 8, 3, bias=True, weight_quant=weights),
        nn.MaxPool1d(2),
        qnn.QuantReLU(bit_width=4),
        nn.Flatten(),
        qnn.QuantLinear(72, classes, bias=True, weight_quant=WEIGHTS[2]),
    )


def settled(module, shape, seed=0):
    """The module with random weights and normalizations, some of which turn, and statistics."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, qnn.QuantConv2d | qnn.QuantConv1d | qnn.QuantLinear):
                layer.weight.uniform_(-1.5, 1.5, generator=generator)
            elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                layer.momentum = None  # so that statistics are those of all batches
                sign = torch.randint(2, layer.weight.shape, generator=generator) * 2 - 1
                layer.weight.uniform_(0.5, 1.5, generator=generator).mul_(sign)
                layer.bias.normal_(0, 0.5, generator=generator)
        module.train()
        for _ in range(3):
            module(torch.randint(256, (32, *shape), generator=generator) / 255)
    return module.eval()
