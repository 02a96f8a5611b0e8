"""Residual blocks: signed codes of a few convolutions, added to what they read.

He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016. The activation
follows the sum.
"""

from torch import nn

from ..layers import MaxPool, Norm, PadChannels
from .kit import Kit

__all__ = ["EXPANSION", "basic", "bottleneck"]

EXPANSION = 4
"""How many times the filters of its first layer a bottleneck has outputs."""


def basic(
    kit: Kit, channels: int, filters: int, stride: int = 1, *, projection: bool = True
) -> list[nn.Module]:
    """Two 3×3 convolutions of ``filters`` filters, the first with the stride.

    Parameters
    ----------
    kit : Kit
    channels, filters : int
        Channels of the input and of the output.
    stride : int
    projection : bool
        Where the shape changes the shortcut is a 1×1 convolution; option A of the paper
        otherwise, part of the pixels and channels of zeros.
    """
    body = [
        *kit.active(kit.conv(channels, filters, 3, stride=stride, padding=1)),
        kit.conv(filters, filters, 3, padding=1),
        Norm(filters),
    ]
    if projection:
        shortcut = _projection(kit, channels, filters, stride)
    else:
        shortcut = _option_a(channels, filters, stride)
    return [kit.residual(body, shortcut), kit.activation()]


def bottleneck(kit: Kit, channels: int, filters: int, stride: int = 1) -> list[nn.Module]:
    """Convolutions of 1×1, 3×3 with the stride, and 1×1 with :data:`EXPANSION` times the filters.

    The stride is in the second, as in most later work, not in the first. Where the shape changes
    the shortcut is a 1×1 convolution.

    Parameters
    ----------
    kit : Kit
    channels, filters : int
        Channels of the input, and filters of the first two convolutions.
    stride : int
    """
    outputs = EXPANSION * filters
    body = [
        *kit.active(kit.conv(channels, filters, 1)),
        *kit.active(kit.conv(filters, filters, 3, stride=stride, padding=1)),
        kit.conv(filters, outputs, 1),
        Norm(outputs),
    ]
    return [kit.residual(body, _projection(kit, channels, outputs, stride)), kit.activation()]


def _projection(kit: Kit, channels: int, filters: int, stride: int) -> list[nn.Module]:
    if (stride, channels) == (1, filters):
        return []
    return kit.projection(kit.conv(channels, filters, 1, stride=stride))


def _option_a(channels: int, filters: int, stride: int) -> list[nn.Module]:
    pixels = [MaxPool(1, stride)] if stride > 1 else []
    added = filters - channels
    return [*pixels, PadChannels(added // 2, added - added // 2)] if added else pixels
