"""Functions of PyTorch as the layers that do the same."""

import operator
from collections.abc import Callable, Mapping

import torch
from torch import nn
from torch.nn import functional

from ..layers import MaxPool, PadChannels
from .steps import LayerError

__all__ = ["ADDITIONS", "RESHAPES", "layer_of", "reshaped"]

Shape = tuple[int, ...]


def layer_of(target: Callable | str, shape: Shape, args: tuple, kwargs: Mapping) -> nn.Module:
    """The layer that computes what a function does to a tensor.

    Parameters
    ----------
    target : function or str
        The function, or the name of a method of tensors.
    shape : tuple of int
        Of the tensor, the batch included.
    args : tuple
    kwargs : mapping
        What follows the tensor in the call.

    Raises
    ------
    LayerError
        If there is no such layer.
    """
    known = _FUNCTIONS.get(target)
    if known is None:
        raise LayerError("nothing of a network does that; compute with layers and sums of branches")
    try:
        return known(shape, *args, **kwargs)
    except TypeError:
        raise LayerError("arguments that are not understood; use the layer of torch.nn") from None


def reshaped(before: Shape, after: Shape) -> nn.Module:
    """The layer that changes a shape, the batch included, into another.

    Raises
    ------
    LayerError
        If it is neither the same shape, nor vectors of maps, nor differs in axes of length 1 only.
    """
    if before == after:
        return nn.Identity()
    if len(after) == 2 and after[0] == before[0]:
        return nn.Flatten()
    if before[:2] == after[:2] and all(size == 1 for size in (*before[2:], *after[2:])):
        return nn.Identity()
    was, now = ("×".join(map(str, shape[1:])) for shape in (before, after))
    raise LayerError(f"maps become vectors, but {was} does not become {now}; use Flatten")


ADDITIONS = {operator.add, operator.iadd, torch.add, "add", "add_"}
"""Functions and methods that add two tensors."""

RESHAPES = {
    *(torch.flatten, torch.reshape, torch.squeeze, torch.unsqueeze),
    *("flatten", "reshape", "squeeze", "unsqueeze", "view", "contiguous", "clone", "float"),
}
"""Functions and methods that leave the values of a tensor alone, and their order."""


def _mean(shape: Shape, dim=None, keepdim: bool = False) -> nn.Module:
    axes = (dim,) if isinstance(dim, int) else tuple(dim or ())
    pixels = list(range(2, len(shape)))
    if not pixels or sorted(axis % len(shape) for axis in axes) != pixels:
        raise LayerError("a mean is that of all pixels of a map, x.mean((2, 3))")
    return nn.AdaptiveAvgPool2d(1) if len(pixels) == 2 else nn.AdaptiveAvgPool1d(1)


def _pad(shape: Shape, pad, mode: str = "constant", value: float | None = None) -> nn.Module:
    left, right, top, bottom, before, after, *more = [*pad, *[0] * 6][: max(6, len(pad))]
    if len(shape) != 4 or mode != "constant" or value or any(more):
        raise LayerError("only zeros are padded, around maps or between channels")
    if before or after:
        if any((left, right, top, bottom)):
            raise LayerError("pad channels and pixels one after the other")
        if min(before, after) < 0:
            raise LayerError("nothing cuts channels off; leave out padding below 0")
        return PadChannels(before, after)
    return nn.ZeroPad2d((left, right, top, bottom))


def _item(shape: Shape, index) -> nn.Module:
    """Every so many pixels, ``x[:, :, ::2, ::2]``."""
    index = index if isinstance(index, tuple) else (index,)
    whole = all(isinstance(each, slice) and each.start in (None, 0) for each in index)
    if not whole or any(each.stop is not None for each in index) or len(shape) != 4:
        raise LayerError("only pixels can be left out, x[:, :, ::2, ::2]")
    steps = [each.step or 1 for each in index] + [1] * (4 - len(index))
    if steps[:2] != [1, 1]:
        raise LayerError("only pixels can be left out, x[:, :, ::2, ::2]")
    return MaxPool(1, tuple(steps[2:]))


def _of(layer: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    """A layer that takes what its function takes behind the tensor, of the same names."""
    return lambda _, *args, **kwargs: layer(*args, **kwargs)


def _relu(_, inplace: bool = False) -> nn.Module:
    return nn.ReLU()


def _dropout(_, p: float = 0.5, training: bool = True, inplace: bool = False) -> nn.Module:
    return nn.Dropout()


def _softmax(_, dim: int | None = None, *more, **options) -> nn.Module:
    return nn.Softmax(dim)


def _log_softmax(_, dim: int | None = None, *more, **options) -> nn.Module:
    return nn.LogSoftmax(dim)


def _clamp(_, min: float | None = None, max: float | None = None) -> nn.Module:
    if min == 0 and max is None:
        return nn.ReLU()
    if min is None or max is None:
        raise LayerError("a clamp needs both ends")
    return nn.Hardtanh(min, max)


def _max_pool(layer: type[nn.Module]) -> Callable[..., nn.Module]:
    def made(_, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, **options):
        return layer(kernel_size, stride, padding, dilation, ceil_mode=ceil_mode, **options)

    return made


_FUNCTIONS: dict[Callable | str, Callable[..., nn.Module]] = {
    **dict.fromkeys((functional.relu, torch.relu, torch.relu_, "relu", "relu_"), _relu),
    functional.relu6: lambda _, inplace=False: nn.ReLU6(),
    functional.hardtanh: _of(nn.Hardtanh),
    **dict.fromkeys((torch.clamp, "clamp", "clamp_"), _clamp),
    functional.max_pool1d: _max_pool(nn.MaxPool1d),
    functional.max_pool2d: _max_pool(nn.MaxPool2d),
    functional.avg_pool1d: _of(nn.AvgPool1d),
    functional.avg_pool2d: _of(nn.AvgPool2d),
    functional.adaptive_avg_pool1d: _of(nn.AdaptiveAvgPool1d),
    functional.adaptive_avg_pool2d: _of(nn.AdaptiveAvgPool2d),
    functional.adaptive_max_pool2d: _of(nn.AdaptiveMaxPool2d),
    **dict.fromkeys((torch.mean, "mean"), _mean),
    **dict.fromkeys(
        (functional.dropout, functional.dropout1d, functional.dropout2d, torch.dropout), _dropout
    ),
    **dict.fromkeys((functional.softmax, torch.softmax, "softmax"), _softmax),
    **dict.fromkeys((functional.log_softmax, torch.log_softmax, "log_softmax"), _log_softmax),
    functional.pad: _pad,
    operator.getitem: _item,
}
