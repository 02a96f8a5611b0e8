"""Kinds of layers of PyTorch, and what each becomes in a chain of quantized layers."""

from functools import partial, singledispatch

import torch
from torch import Tensor, nn
from torch.nn.modules import batchnorm, conv

from ..layers import MaxPool, Norm, Rearrangement, SumPool
from .chain import Affine, Chain, Weights
from .steps import LayerError, Step, Unknown

__all__ = ["convert"]

_INSTEAD: dict[tuple[type[nn.Module], ...], str] = {
    (
        *(nn.LeakyReLU, nn.PReLU, nn.RReLU, nn.ELU, nn.CELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish),
        *(nn.Hardswish, nn.Softplus),
    ): "use ReLU",
    (nn.Sigmoid, nn.LogSigmoid, nn.Hardsigmoid): "use ReLU6",
    (nn.Tanh, nn.Softsign): "use Hardtanh",
    (nn.Softmax, nn.LogSoftmax): "leave it out, or put it at the end, along the classes",
    (
        *(nn.GroupNorm, nn.LayerNorm, nn.RMSNorm, nn.LocalResponseNorm),
        *(nn.InstanceNorm1d, nn.InstanceNorm2d),
    ): "use BatchNorm",
    (nn.LPPool1d, nn.LPPool2d, nn.FractionalMaxPool2d): "use MaxPool or AvgPool",
    (conv._ConvTransposeNd, nn.Upsample, nn.PixelShuffle): "nothing in hardware enlarges maps",
}
_OTHERS = "use Conv, Linear, BatchNorm, ReLU, MaxPool or AvgPool"


@singledispatch
def convert(layer: nn.Module, chain: Chain, step: Step) -> None:
    """Add to ``chain`` what computes the same as ``layer``, quantized.

    Parameters
    ----------
    layer : nn.Module
        That of ``step``.
    chain : Chain
    step : Step

    Raises
    ------
    LayerError
        If nothing does.
    """
    for kinds, advice in _INSTEAD.items():
        if isinstance(layer, kinds):
            raise LayerError(advice)
    raise LayerError(_OTHERS)


@convert.register
def _(layer: Unknown, chain: Chain, step: Step) -> None:
    raise LayerError(layer.advice)


@convert.register(nn.Identity)
@convert.register(nn.Dropout)
@convert.register(nn.modules.dropout._DropoutNd)
def _(layer: nn.Module, chain: Chain, step: Step) -> None:
    pass


@convert.register
def _(layer: nn.Linear, chain: Chain, step: Step) -> None:
    chain.require_unpadded()
    chain.codes()
    weight, bias = layer.weight.detach(), _bias(layer)
    if chain.flat is not None:  # to the order row, column, channel
        weight = weight.unflatten(1, (chain.flat[0], -1)).transpose(1, 2).flatten(1)
    if chain.affine is not None:
        channels = weight.unflatten(1, (-1, len(chain.affine.gain)))
        bias = bias + (channels * chain.affine.shift).sum((1, 2))
        weight = (channels * chain.affine.gain).flatten(1)
    outputs, inputs = weight.shape
    chain.multiply(Weights(_linear(chain, inputs, outputs), weight, bias))


@convert.register(nn.Conv1d)
@convert.register(nn.Conv2d)
def _(layer: nn.Conv1d | nn.Conv2d, chain: Chain, step: Step) -> None:
    _require_usual(layer, padding_mode="zeros")
    pixels = _pixels(step)
    kernel, stride, around = (
        _pair(step, value, usual)
        for value, usual in ((layer.kernel_size, 1), (layer.stride, 1), (_padding(layer), (0, 0)))
    )
    chain.codes()
    own = (around[0][0], around[1][0], around[0][1], around[1][1])
    padding = tuple(map(sum, zip(own, chain.take_padding(), strict=True)))
    weight = layer.weight.detach().reshape(layer.out_channels, -1, *kernel)
    bias = _bias(layer)
    if chain.affine is not None:
        weight, bias = _folded(chain.affine, weight, bias, layer.groups, any(padding))
    make = partial(
        *(chain.kit.conv, layer.in_channels, layer.out_channels, kernel),
        stride=stride,
        padding=padding,
        groups=layer.groups,
    )
    covers = layer.groups == 1 and not any(padding) and pixels == kernel
    if covers:  # as a classifier, it gives vectors
        dense = _linear(chain, weight[0].numel(), layer.out_channels)
    chain.multiply(Weights(lambda bias: make(bias=bias), weight, bias, dense if covers else None))


@convert.register
def _(layer: batchnorm._BatchNorm, chain: Chain, step: Step) -> None:
    if layer.running_mean is None:
        raise LayerError("it keeps no statistics; make it with track_running_stats=True")
    momentum = 0.1 if layer.momentum is None else layer.momentum
    norm = Norm(layer.num_features, momentum=momentum, eps=layer.eps)
    with torch.no_grad():
        norm.running_mean.copy_(layer.running_mean)
        norm.running_var.copy_(layer.running_var)
        if layer.affine:
            norm.weight.copy_(layer.weight)
            norm.bias.copy_(layer.bias)
    if chain.reads_input:
        gain = norm.weight.detach() / (norm.running_var + norm.eps).sqrt()
        chain.prepend(Affine(gain, norm.bias.detach() - norm.running_mean * gain))
    else:
        chain.normalize(norm)


@convert.register
def _(layer: nn.ReLU, chain: Chain, step: Step) -> None:
    chain.activate()


@convert.register
def _(layer: nn.Hardtanh, chain: Chain, step: Step) -> None:
    low, high = layer.min_val, layer.max_val
    if low == 0 and high > 0:
        chain.activate(clip=high)
    elif low == -high:
        chain.activate(chain.kit.signed, clip=high)
    else:
        raise LayerError(f"it clips at {low:g} and {high:g}; use 0 and above, or −1 and 1 alike")


@convert.register(nn.MaxPool1d)
@convert.register(nn.MaxPool2d)
def _(layer: nn.MaxPool1d | nn.MaxPool2d, chain: Chain, step: Step) -> None:
    _require_usual(layer, return_indices=False)
    kernel, stride, padding = _window(layer, step)
    _require_floor(step, kernel, stride, padding)
    _max_pool(chain, MaxPool(kernel, stride, padding))


@convert.register(nn.AvgPool1d)
@convert.register(nn.AvgPool2d)
def _(layer: nn.AvgPool1d | nn.AvgPool2d, chain: Chain, step: Step) -> None:
    kernel, stride, padding = _window(layer, step)
    if any(padding) or getattr(layer, "divisor_override", None):
        raise LayerError("averages are those of whole windows; leave out padding and divisors")
    _require_floor(step, kernel, stride, padding)
    chain.rearrange(SumPool(kernel, stride))


@convert.register(nn.AdaptiveAvgPool1d)
@convert.register(nn.AdaptiveAvgPool2d)
def _(layer: nn.Module, chain: Chain, step: Step) -> None:
    kernel = _adaptive(step)
    if kernel != (1, 1):
        chain.rearrange(SumPool() if kernel == _pixels(step) else SumPool(kernel))


@convert.register(nn.AdaptiveMaxPool1d)
@convert.register(nn.AdaptiveMaxPool2d)
def _(layer: nn.Module, chain: Chain, step: Step) -> None:
    _require_usual(layer, return_indices=False)
    kernel = _adaptive(step)
    if kernel != (1, 1):
        _max_pool(chain, MaxPool(kernel))


@convert.register
def _(layer: nn.Flatten, chain: Chain, step: Step) -> None:
    if len(step.output) != 1:
        raise LayerError("vectors are made of whole maps; leave out start_dim and end_dim")
    if len(step.input) > 1:
        chain.flatten((step.input[0], *_pixels(step)))


@convert.register
def _(layer: nn.ZeroPad2d, chain: Chain, step: Step) -> None:
    left, right, top, bottom = layer.padding
    if min(layer.padding) < 0:
        raise LayerError("nothing cuts maps; leave out padding below 0")
    chain.pad((top, left, bottom, right))


@convert.register
def _(layer: Rearrangement, chain: Chain, step: Step) -> None:
    chain.codes()
    chain.require_plain()
    chain.rearrange(layer)


def _max_pool(chain: Chain, layer: MaxPool) -> None:
    if chain.affine is not None and not (chain.affine.gain > 0).all():
        raise LayerError("the input changes its sign; put a layer with weights in front")
    chain.rearrange(layer, waits=True)


def _linear(chain: Chain, inputs: int, outputs: int):
    return lambda bias: chain.kit.linear(inputs, outputs, bias=bias)


def _bias(layer: nn.Linear | nn.Conv1d | nn.Conv2d) -> Tensor:
    """The bias, zeros where there is none."""
    return layer.weight.new_zeros(len(layer.weight)) if layer.bias is None else layer.bias.detach()


def _folded(
    affine: Affine, weight: Tensor, bias: Tensor, groups: int, padded: bool
) -> tuple[Tensor, Tensor]:
    """Weights and bias of a convolution that reads the input as it is."""
    if padded and affine.shift.any():
        raise LayerError(
            "it pads with zeros, but a normalized 0 is the mean of the images; leave out mean, and "
            "train"
        )
    gain, shift = (
        each.unflatten(0, (groups, -1)).repeat_interleave(len(weight) // groups, 0)[..., None, None]
        for each in (affine.gain, affine.shift)
    )
    return weight * gain, bias + (weight * shift).sum((1, 2, 3))


def _pair(step: Step, value, usual):
    """(vertical, horizontal) of one number or several; ``usual`` along the rows of a signal."""
    values = (value,) * (len(step.input) - 1) if isinstance(value, int) else tuple(value)
    return (usual, *values) if len(values) == 1 else values


def _window(layer: nn.Module, step: Step) -> tuple[tuple[int, int], ...]:
    """Kernel, stride and padding of a pool."""
    _pixels(step)
    values = (layer.kernel_size, 1), (layer.stride, 1), (layer.padding, 0)
    return tuple(_pair(step, value, usual) for value, usual in values)


def _pixels(step: Step) -> tuple[int, int]:
    if len(step.input) == 1:
        raise LayerError("it reads maps, not vectors")
    return _pair(step, step.input[1:], 1)


def _padding(layer: nn.Conv1d | nn.Conv2d) -> tuple[tuple[int, int], ...]:
    """(before, behind) of each axis."""
    if layer.padding == "valid":
        return tuple((0, 0) for _ in layer.kernel_size)
    if layer.padding == "same":
        return tuple(((size - 1) // 2, size // 2) for size in layer.kernel_size)
    return tuple((size, size) for size in layer.padding)


def _require_usual(layer: nn.Module, **usual) -> None:
    """Check that an option is the one that there is hardware for."""
    for option, value in {"dilation": 1, **usual}.items():
        given = getattr(layer, option, value)
        values = given if isinstance(given, tuple) else (given,)
        if any(each != value for each in values):
            raise LayerError(f"it has {option} {given!r}; use {value!r}")


def _require_floor(step: Step, kernel, stride, padding) -> None:
    """Check that windows are whole: no ``ceil_mode``, unless it changes nothing."""
    sizes = tuple(
        (size + 2 * around - window) // step_size + 1
        for size, around, window, step_size in zip(
            _pixels(step), padding, kernel, stride, strict=True
        )
    )
    if sizes != _pair(step, step.output[1:], 1):
        raise LayerError("its last windows hang over the map; leave out ceil_mode")


def _adaptive(step: Step) -> tuple[int, int]:
    """Kernel of a pool that gives maps of the size of the output."""
    sizes = [*zip(_pixels(step), _pair(step, step.output[1:] or (1,), 1), strict=True)]
    if len(step.output) == 1:
        sizes = [(size, 1) for size in _pixels(step)]
    if any(size % made for size, made in sizes):
        raise LayerError("the size of its output must divide that of its input; use size 1")
    return tuple(size // made for size, made in sizes)
