"""Random convolutional models of every kind of layer, with norms of every kind of slope."""

import math
from functools import partial

import torch
from hypothesis import strategies as st
from torch import nn

from threefold.network import Codes, Tensor
from threefold.quant import (
    WEIGHTS,
    Concat,
    Expanded,
    Flatten,
    LearnedStep,
    MaxPool,
    Model,
    Norm,
    PadChannels,
    Quantize,
    QuantizeLike,
    Residual,
    Statistical,
    SumPool,
    TernaryConv,
    TernaryLinear,
)

__all__ = ["FORMS", "images_of", "models"]

CODES = [
    Codes.unsigned(1),
    Codes.unsigned(2),
    Codes.unsigned(4),
    Codes.signed(3),
    Codes.ternary(),
    Codes.bipolar(),
]
INPUTS = [*CODES, Codes.unsigned(8), Codes.signed(8)]
QUANTIZERS = [
    *WEIGHTS.values(),
    partial(Statistical, 0.4),
    partial(Expanded, (0.4, 0.5), (1, 2)),
    partial(LearnedStep, 2),
    partial(LearnedStep, 8),
]
FORMS = ("conv", "max", "sum", "identity", "option_a", "conv_1x1", "concat", "concat_pool")


def padded(draw, kernel, codes):
    if codes.zero_code is None:
        return (0, 0, 0, 0)
    vertical, horizontal = (st.integers(0, size - 1) for size in kernel)
    return tuple(draw(side) for side in (vertical, horizontal, vertical, horizontal))


def kernel_in(draw, shape, largest=3):
    return tuple(draw(st.integers(1, min(largest, size))) for size in shape[:2])


def pixels(shape, kernel, stride, padding=(0, 0, 0, 0)):
    top, left, bottom, right = padding
    height, width = shape[0] + top + bottom, shape[1] + left + right
    return (height - kernel[0]) // stride[0] + 1, (width - kernel[1]) // stride[1] + 1


def convolution(draw, shape, codes):
    kernel = kernel_in(draw, shape)
    stride = tuple(draw(st.integers(1, min(3, size))) for size in shape[:2])
    padding = padded(draw, kernel, codes)
    groups = draw(st.sampled_from([g for g in range(1, shape[2] + 1) if shape[2] % g == 0]))
    filters = groups * draw(st.integers(1, 3))
    conv = TernaryConv(
        shape[2], filters, kernel, stride=stride, padding=padding, groups=groups,
        weights=quantizer(draw),
    )  # fmt: skip
    return conv, (*pixels(shape, kernel, stride, padding), filters)


def quantizer(draw):
    return draw(st.sampled_from(QUANTIZERS))(per_filter=draw(st.booleans()))


def same(draw, channels, filters, padding, stride=1):
    """A convolution that leaves the size as it is, with its norm."""
    kernel, weights = 3 if padding else 1, quantizer(draw)
    conv = TernaryConv(channels, filters, kernel, stride=stride, padding=padding, weights=weights)
    return [conv, Norm(filters, momentum=1.0)]


def branch_codes(codes):
    """Of a body, when those of the shortcut are ``codes``: equal steps can be added."""
    if codes.step != 1:
        return st.just(codes)
    return st.sampled_from([each for each in CODES if each.step == 1])


def block(draw, form, shape, codes):
    """Layers of a form that read ``codes``, the shape that comes out, and its codes."""
    height, width, channels = shape
    padding = int(codes.zero_code is not None)
    halves = min(2, height), min(2, width)  # strides
    if form == "conv":
        conv, out = convolution(draw, shape, codes)
        after = draw(st.sampled_from(CODES))
        norms = [Norm(out[2], momentum=1.0)] * draw(st.integers(0, 1))
        return [conv, *norms, Quantize(after)], out, after
    if form in ("max", "sum"):
        kernel = kernel_in(draw, shape)
        stride = tuple(draw(st.integers(1, min(3, size))) for size in shape[:2])
        if form == "sum":
            after = Codes.unsigned(3)
            layers = [SumPool(kernel, stride), Quantize(after)]
            return layers, (*pixels(shape, kernel, stride), channels), after
        around = padded(draw, kernel, Codes.unsigned(1))
        out = (*pixels(shape, kernel, stride, around), channels)
        return [MaxPool(kernel, stride, around)], out, codes
    if form == "concat_pool":
        layer = Concat([MaxPool(1, halves)], [MaxPool(1, halves)])
        return [layer], (*pixels(shape, (1, 1), halves), 2 * channels), codes
    if form == "concat":
        layer = Concat(same(draw, channels, 3, padding), [], QuantizeLike(codes))
        return [layer], (height, width, channels + 3), codes
    after, small = draw(st.sampled_from(CODES)), draw(branch_codes(codes))
    if form == "identity":
        inner = [*same(draw, channels, 2, padding), Quantize(2), *same(draw, 2, channels, 1)]
        layers = [Residual(inner, [], QuantizeLike(small)), Quantize(after)]
        return layers, shape, after
    out = (*pixels(shape, (1, 1), halves), channels + 3)
    body = same(draw, channels, channels + 3, padding, stride=halves)
    shortcut = [MaxPool(1, halves), PadChannels(1, 2)]
    if form == "conv_1x1" or codes.zero_code is None:
        shortcut = [*same(draw, channels, channels + 3, 0, stride=halves), Quantize(codes)]
    return [Residual(body, shortcut, QuantizeLike(small)), Quantize(after)], out, after


@st.composite
def models(draw, forms=FORMS):
    """A model of two blocks, the first of one of ``forms``, and a classifier."""
    shape = (draw(st.integers(1, 6)), draw(st.integers(1, 6)), draw(st.integers(1, 4)))
    codes = draw(st.sampled_from(INPUTS))
    input, layers = Tensor(shape, codes), []
    torch.manual_seed(draw(st.integers(0, 1000)))
    for form in (draw(st.sampled_from(forms)), draw(st.sampled_from(FORMS))):
        made, shape, codes = block(draw, form, shape, codes)
        layers += made
    layers += draw(st.sampled_from([[], [SumPool()], [Flatten()]]))
    size = shape[2] if layers and isinstance(layers[-1], SumPool) else math.prod(shape)
    weights = draw(st.sampled_from(QUANTIZERS))()
    model = Model(input, [*layers, TernaryLinear(size, 3, bias=True, weights=weights)])
    return disturbed(model)


def disturbed(model):
    """``model`` after a batch in training, pruned, with whatever may be learned.

    There are rows without a weight, slopes of any sign, and scales and thresholds of any size.
    """
    model.train()(torch.from_numpy(images_of(model, 16, seed=1)))
    for layer in model.modules():
        if isinstance(layer, TernaryConv):
            layer.weight.data[0] = 0
            layer.mask &= torch.rand_like(layer.weight) > 0.1
            for parameter in layer.quantizer.parameters():
                factors = torch.tensor([1.0, 1.0, -1.0, 0.3, 3.0, 0.0])
                parameter.data *= factors[torch.randint(0, 6, parameter.shape)]
        elif isinstance(layer, Norm):
            slopes = torch.tensor([1.0, -1.0, 0.5, -2.0, 0.0])
            layer.weight.data.copy_(slopes[torch.randint(0, 5, (layer.channels,))])
            layer.bias.data.copy_(torch.randn(layer.channels) / 2)
    nn.init.normal_(model.layers[-1].bias, std=0.5)
    return model.eval()


def images_of(model, count, seed=0):
    random = torch.Generator().manual_seed(seed)
    shape = (count, *model.input.shape)
    codes = torch.randint(0, model.input.element.max_code + 1, shape, generator=random)
    return codes.numpy()
