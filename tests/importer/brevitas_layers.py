"""Small networks, each with a pattern that Brevitas offers, by name."""

import re

import torch
from brevitas import nn as qnn
from brevitas import quant
from torch import nn

from .brevitas_networks import WEIGHTS, PerChannelTernaryWeight, Residual, TernaryWeight

__all__ = ["REFUSED", "SHAPE", "SUPPORTED"]

SHAPE = (3, 12, 12)


class Call(nn.Module):
    """A function as a layer, of its input and of layers."""

    def __init__(self, function, *layers):
        super().__init__()
        self.function = function
        self.layers = nn.ModuleList(layers)

    def forward(self, x):
        return self.function(x, *self.layers)


def conv(inputs=8, filters=8, kernel=3, weights=PerChannelTernaryWeight, **options):
    options = {"bias": False, **options}
    return qnn.QuantConv2d(inputs, filters, kernel, weight_quant=weights, **options)


def relu(bits=4, **options):
    return qnn.QuantReLU(bit_width=bits, **options)


def identity(bits=4, **options):
    return qnn.QuantIdentity(bit_width=bits, **options)


def first(**options):
    """8-bit images, a convolution to 8 maps of 10×10, normalized."""
    return [identity(8), conv(3, **options), nn.BatchNorm2d(8)]


def last(size):
    return [nn.Flatten(), qnn.QuantLinear(size, 10, bias=True, weight_quant=TernaryWeight)]


def behind(layers, size=800):
    """A network with what ``layers`` makes behind the first one."""
    return lambda: nn.Sequential(*first(), *layers(), *last(size))


def quantized_bias(bias):
    return lambda: nn.Sequential(
        identity(8, return_quant_tensor=True),
        conv(3, bias=True, bias_quant=bias),
        relu(return_quant_tensor=True),
        *last(800),
    )


def projected():
    """A branch that is as it was, and one of stride 2, with one quantizer."""
    add = lambda x, a, b, shared: shared(a(x)) + shared(b(x))  # noqa: E731
    a, b = (conv(8, 16, kernel, stride=2, padding=kernel // 2) for kernel in (3, 1))
    branches = Call(add, nn.Sequential(a, nn.BatchNorm2d(16)), b, identity())
    return nn.Sequential(*first(), relu(), branches, relu(), *last(400))


def joined(shared=True):
    def both(x, a, b, one, two):
        return torch.cat([one(a(x)), (one if shared else two)(b(x))], dim=1)

    branches = Call(both, conv(padding=1), conv(kernel=1), relu(), relu(8))
    return nn.Sequential(*first(), relu(), branches, conv(16), relu(), *last(512))


def eltwise():
    add = Call(lambda x, a, b, add: add(a(x), b(x)), conv(padding=1), conv(kernel=1))
    add.layers.append(qnn.QuantEltwiseAdd())
    return nn.Sequential(*first(), relu(), add, nn.ReLU(), identity(), *last(800))


def fixed_point():
    weights = conv(3, 8, weights=quant.Int8WeightPerTensorFixedPoint, weight_bit_width=2)
    return nn.Sequential(
        identity(8, act_quant=quant.Int8ActPerTensorFixedPoint),
        weights,
        nn.BatchNorm2d(8),
        relu(act_quant=quant.Uint8ActPerTensorFixedPoint),
        *last(800),
    )


def zero_points():
    shifted = quant.ShiftedUint8ActPerTensorFloat
    return nn.Sequential(
        identity(8, act_quant=shifted),
        conv(3),
        nn.BatchNorm2d(8),
        identity(act_quant=shifted),
        conv(padding=1),
        relu(),
        *last(800),
    )


def classes():
    end = qnn.QuantLinear(
        800, 10, weight_quant=TernaryWeight, bias=True, output_quant=quant.Int8ActPerTensorFloat
    )
    return nn.Sequential(*first(), relu(), nn.Flatten(), end)


_exact = {"return_quant_tensor": True}
_pixels = (2, 3)

SUPPORTED = {
    "maxima ahead of a ReLU": behind(lambda: [nn.MaxPool2d(2), relu()], size=200),
    "maxima of a padded map": behind(lambda: [nn.MaxPool2d(3, 2, 1), relu()], size=200),
    "mean": behind(lambda: [relu(), nn.AvgPool2d(2), identity()], size=200),
    "mean of whole maps": behind(lambda: [relu(), nn.AdaptiveAvgPool2d(1)], size=8),
    "mean of maps in parts": behind(lambda: [relu(), nn.AdaptiveAvgPool2d(5)], size=200),
    "mean along axes": behind(lambda: [relu(), Call(lambda x: x.mean(_pixels))], size=8),
    "mean along kept axes": behind(lambda: [relu(), Call(lambda x: x.mean(_pixels, True))], size=8),
    "truncated mean": behind(
        lambda: [relu(**_exact), qnn.TruncAvgPool2d(2, bit_width=4)], size=200
    ),
    "truncated mean of maps": behind(
        lambda: [relu(**_exact), qnn.TruncAdaptiveAvgPool2d(1, bit_width=6)], size=8
    ),
    "view": behind(lambda: [relu(), Call(lambda x: x.view(x.shape[0], -1))]),
    "squeeze": behind(
        lambda: [relu(), nn.AdaptiveAvgPool2d(1), Call(lambda x: x.squeeze(-1).squeeze(-1))], size=8
    ),
    "zeros around a map": behind(
        lambda: [relu(), nn.ZeroPad2d((1, 0, 1, 0)), conv(), relu()], size=648
    ),
    "groups": behind(lambda: [relu(), conv(groups=4, bias=True), relu()], size=512),
    "residual": behind(lambda: [relu(), Residual(8, PerChannelTernaryWeight, identity())]),
    "projection": projected,
    "branches side by side": joined,
    "sum of outputs of QuantEltwiseAdd": eltwise,
    "sigmoid": behind(lambda: [qnn.QuantSigmoid(bit_width=3)]),
    "tanh": behind(lambda: [qnn.QuantTanh(bit_width=3)]),
    "hard tanh": behind(lambda: [qnn.QuantHardTanh(bit_width=3, min_val=-1.0, max_val=1.0)]),
    "leaky ReLU": behind(lambda: [nn.LeakyReLU(0.1), identity()]),
    "ELU": behind(lambda: [nn.ELU(), identity()]),
    "ReLU6": behind(lambda: [nn.ReLU6(), identity()]),
    "quantizers in a row": behind(lambda: [nn.ReLU(), identity(), nn.ReLU(), identity(3)]),
    "scale and bias of channels": behind(lambda: [qnn.BatchNorm2dToQuantScaleBias(8), relu()]),
    "bias of 8 bits": quantized_bias(quant.Int8Bias),
    "bias of 32 bits": quantized_bias(quant.Int32Bias),
    "bias of its own scale": quantized_bias(quant.Int8BiasPerTensorFloatInternalScaling),
    "fixed point": fixed_point,
    "zero points": zero_points,
    "quantized logits": classes,
}

_act = "/act_quant/export_handler/Quant'"

REFUSED = {
    "no activation": (
        behind(lambda: [conv(), relu()], size=512),
        "Conv '/3/Conv' reads real numbers; put a quantizer of activations in front of it",
    ),
    "activations with scales for each channel": (
        behind(
            lambda: [
                relu(
                    scaling_per_output_channel=True,
                    per_channel_broadcastable_shape=(1, 8, 1, 1),
                    scaling_stats_permute_dims=(1, 0, 2, 3),
                )
            ]
        ),
        f"Quant '/3{_act} has a scale for each channel; layers add the channels up, so that "
        f"activations need one scale",
    ),
    "activations of 10 bits": (
        behind(lambda: [relu(10)]),
        f"Quant '/3{_act} gives 10 bits; activations have 1 to 8 whole bits",
    ),
    "branches with quantizers of their own": (
        lambda: joined(shared=False),
        re.compile(
            r"Concat '/4/Concat' joins codes of scales [\d.e-]+ and [\d.e-]+; give the branches "
            r"one quantizer"
        ),
    ),
    "classes with scales of their own": (
        lambda: nn.Sequential(
            *first(),
            relu(),
            nn.Flatten(),
            qnn.QuantLinear(800, 10, bias=False, weight_quant=PerChannelTernaryWeight),
        ),
        re.compile(
            r"MatMul '/5/MatMul': classes have different scales, and [\d,]+ numbers to be put into "
            r"one order, more than 65,536; give the last layer one scale"
        ),
    ),
    "dilation": (
        behind(lambda: [relu(), conv(dilation=2), relu()], size=288),
        "Conv '/4/Conv': dilated windows are not supported; train it without",
    ),
    "transposed convolution": (
        behind(
            lambda: [
                relu(),
                qnn.QuantConvTranspose2d(8, 8, 3, bias=False, weight_quant=WEIGHTS[2]),
                relu(),
            ],
            size=1152,
        ),
        "ConvTranspose '/4/ConvTranspose' is not supported; export the network without it",
    ),
    "larger maps": (
        behind(lambda: [relu(), nn.Upsample(scale_factor=2)], size=3200),
        "Resize '/4/Resize' is not supported; export the network without it",
    ),
    "gates": (
        behind(lambda: [relu(), Call(lambda x, gate: x * gate(x), qnn.QuantSigmoid(bit_width=3))]),
        "Mul '/4/Mul' is not supported with two inputs; export the network without it",
    ),
    "mean along channels": (
        behind(lambda: [relu(), Call(lambda x: x.mean(1))], size=100),
        "ReduceMean '/4/ReduceMean': only the mean of whole maps is supported",
    ),
    "pixels as channels": (
        behind(lambda: [relu(), nn.PixelUnshuffle(2)]),
        "Reshape '/4/Reshape' makes (1, 8, 5, 2, 5, 2) of (1, 8, 10, 10); vectors of maps "
        "and maps of vectors are supported, and nothing that moves pixels into channels",
    ),
}
